import NIOCore
import ObjectStorage

/// The answer of CreateMultipartUpload.
struct CreatedUploadDocument: Decodable, Sendable {
    var uploadID: String

    enum CodingKeys: String, CodingKey {
        case uploadID = "UploadId"
    }
}

/// The answer of CompleteMultipartUpload, or the error that may come with the same status.
struct CompletedUploadDocument: Decodable, Sendable {
    var etag: String?
    var code: String?
    var message: String?

    enum CodingKeys: String, CodingKey {
        case etag = "ETag"
        case code = "Code"
        case message = "Message"
    }
}

/// A page of ListMultipartUploads.
struct UploadsDocument: Decodable, Sendable {
    struct Upload: Decodable, Sendable {
        var key: String
        var uploadID: String
        var initiated: String?

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case uploadID = "UploadId"
            case initiated = "Initiated"
        }
    }

    var encodingType: String?
    var isTruncated: String?
    var nextKeyMarker: String?
    var nextUploadIDMarker: String?
    var uploads: [Upload]?

    enum CodingKeys: String, CodingKey {
        case encodingType = "EncodingType"
        case isTruncated = "IsTruncated"
        case nextKeyMarker = "NextKeyMarker"
        case nextUploadIDMarker = "NextUploadIdMarker"
        case uploads = "Upload"
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
