/// The answer of GetObjectTagging.
struct TaggingDocument: AnswerDocument {
    static let roots = ["Tagging"]

    struct Tag: Sendable {
        var key = ""
        var value = ""
    }

    private(set) var tags: [Tag] = []
    private var hasSet = false

    mutating func begin(_ path: [String]) {
        switch path {
        case ["TagSet"]: hasSet = true
        case ["TagSet", "Tag"]: tags.append(Tag())
        default: break
        }
    }

    mutating func end(_ path: [String], text: String) {
        guard let last = tags.indices.last else { return }
        switch path {
        case ["TagSet", "Tag", "Key"]: tags[last].key = text
        case ["TagSet", "Tag", "Value"]: tags[last].value = text
        default: break
        }
    }

    func check() throws(BadAnswer) {
        guard hasSet, tags.allSatisfy({ !$0.key.isEmpty }) else { throw BadAnswer("tags without a set or a key") }
    }
}
