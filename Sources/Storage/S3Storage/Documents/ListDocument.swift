/// A page of ListObjectsV2.
struct ListDocument: AnswerDocument {
    static let roots = ["ListBucketResult"]

    struct Entry: Sendable {
        var key: String?
        var lastModified: String?
        var etag: String?
        var size: String?
    }

    var encodingType: String?
    var isTruncated: Truncation?
    var nextContinuationToken: String?
    var contents: [Entry] = []
    var commonPrefixes: [String] = []

    mutating func begin(_ path: [String]) {
        if path == ["Contents"] { contents.append(Entry()) }
    }

    mutating func end(_ path: [String], text: String) {
        guard path.count == 2 else { return end(top: path, text: text) }
        switch (path[0], path[1]) {
        case ("Contents", "Key"): contents[contents.count - 1].key = text
        case ("Contents", "LastModified"): contents[contents.count - 1].lastModified = text
        case ("Contents", "ETag"): contents[contents.count - 1].etag = text
        case ("Contents", "Size"): contents[contents.count - 1].size = text
        case ("CommonPrefixes", "Prefix"): commonPrefixes.append(text)
        default: break
        }
    }

    private mutating func end(top path: [String], text: String) {
        switch path {
        case ["EncodingType"]: encodingType = text
        case ["IsTruncated"]: isTruncated = Truncation(text)
        case ["NextContinuationToken"]: nextContinuationToken = text
        default: break
        }
    }

    func check() throws(BadAnswer) {
        guard isTruncated != nil else { throw BadAnswer("a listing that does not say whether it is whole") }
    }
}

/// Whether a page is the last one. Every store says so; a page that did not could hide all keys after it.
enum Truncation: Sendable {
    case whole
    case cutOff

    init?(_ text: String) {
        switch text.lowercased() {
        case "true": self = .cutOff
        case "false": self = .whole
        default: return nil
        }
    }
}
