import NIOCore
import ObjectStorage

/// The answer of CreateMultipartUpload.
struct CreatedUploadDocument: AnswerDocument {
    /// The second one is rclone's.
    static let roots = ["InitiateMultipartUploadResult", "InitiateMultipartUpload"]

    var uploadID = ""

    mutating func end(_ path: [String], text: String) {
        if path == ["UploadId"] { uploadID = text }
    }

    func check() throws(BadAnswer) {
        guard !uploadID.isEmpty, !uploadID.contains("\n") else { throw BadAnswer("an upload without an id") }
    }
}

/// The answer of CompleteMultipartUpload. An error may come with the same status.
struct CompletedUploadDocument: AnswerDocument {
    static let roots = ["CompleteMultipartUploadResult"]

    var etag: String?

    mutating func end(_ path: [String], text: String) {
        if path == ["ETag"] { etag = text }
    }

    func check() throws(BadAnswer) {
        guard etag.flatMap({ ETag(header: $0) }) != nil else {
            throw BadAnswer("a completed upload without a usable ETag")
        }
    }
}

/// A page of ListMultipartUploads.
struct UploadsDocument: AnswerDocument {
    static let roots = ["ListMultipartUploadsResult"]

    struct Upload: Sendable {
        var key: String?
        var uploadID: String?
        var initiated: String?
    }

    var encodingType: String?
    /// rclone omits it if nothing follows.
    var isTruncated: Truncation? = .whole
    var nextKeyMarker: String?
    var nextUploadIDMarker: String?
    var uploads: [Upload] = []

    mutating func begin(_ path: [String]) {
        if path == ["Upload"] { uploads.append(Upload()) }
    }

    mutating func end(_ path: [String], text: String) {
        switch path {
        case ["EncodingType"]: encodingType = text
        case ["IsTruncated"]: isTruncated = Truncation(text)
        case ["NextKeyMarker"]: nextKeyMarker = text
        case ["NextUploadIdMarker"]: nextUploadIDMarker = text
        case ["Upload", "Key"]: uploads[uploads.count - 1].key = text
        case ["Upload", "UploadId"]: uploads[uploads.count - 1].uploadID = text
        case ["Upload", "Initiated"]: uploads[uploads.count - 1].initiated = text
        default: break
        }
    }

    func check() throws(BadAnswer) {
        guard isTruncated != nil else { throw BadAnswer("a list of uploads that does not say whether it is whole") }
    }
}

/// The body of CompleteMultipartUpload.
enum CompleteUploadBody {
    static func make(_ parts: [(number: Int, etag: ETag)]) -> ByteBuffer {
        var body = ByteBuffer(string: "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        for part in parts {
            body.writeString(
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(escape(part.etag.text))</ETag></Part>")
        }
        body.writeString("</CompleteMultipartUpload>")
        return body
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
