import NIOCore
import XMLCoder

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads the XML of S3's answers.
enum S3Document {
    /// - Throws: ``BadAnswer`` where the bytes are no such document.
    static func decode<Document: Decodable>(_ type: Document.Type, from body: ByteBuffer) throws(BadAnswer) -> Document
    {
        let decoder = XMLDecoder()
        // Keys may begin and end with spaces.
        decoder.trimValueWhitespaces = false
        // A store that joins parts sends white space meanwhile, and some of it may come before the declaration.
        let document = body.readableBytesView.drop { " \t\r\n".utf8.contains($0) }
        do {
            return try decoder.decode(type, from: Data(document))
        } catch {
            throw BadAnswer("an answer that is no \(type)")
        }
    }
}

/// An error body. It is read wherever there may be one, so nothing in it is required.
struct ErrorDocument: Sendable {
    var code: String
    var message: String?
    var actualObjectSize: Int64?

    /// Nil where the bytes are no XML error.
    init?(_ body: ByteBuffer) {
        guard body.readableBytes > 0, let fields = try? S3Document.decode(Fields.self, from: body),
            let code = fields.code, !code.isEmpty
        else { return nil }
        self.code = code
        message = fields.message
        actualObjectSize = fields.actualObjectSize.flatMap { Int64($0) }
    }

    private struct Fields: Decodable {
        var code: String?
        var message: String?
        var actualObjectSize: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
            case actualObjectSize = "ActualObjectSize"
        }
    }
}
