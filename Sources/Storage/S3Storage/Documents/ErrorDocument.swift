import NIOCore

/// An error body. It may be anything, so nothing in it is required but the code.
struct ErrorDocument: Sendable {
    static let root = "Error"

    var code: String
    var message: String?
    var actualObjectSize: Int64?

    /// Nil if the bytes are no XML error.
    init?(_ body: ByteBuffer) {
        guard body.readableBytes > 0, let fields = try? S3Document.decode(Fields.self, from: body) else { return nil }
        self.init(fields)
    }

    init?(_ fields: Fields) {
        guard let code = fields.code, !code.isEmpty else { return nil }
        self.code = code
        message = fields.message
        actualObjectSize = fields.actualObjectSize.flatMap { Int64($0) }
    }

    /// The elements that are read.
    struct Fields: AnswerDocument {
        static let roots = [ErrorDocument.root]

        var code: String?
        var message: String?
        var actualObjectSize: String?

        mutating func end(_ path: [String], text: String) {
            switch path {
            case ["Code"]: code = text
            case ["Message"]: message = text
            case ["ActualObjectSize"]: actualObjectSize = text
            default: break
            }
        }

        func check() throws(BadAnswer) {}
    }
}

extension S3Error {
    init(status: Int, _ error: ErrorDocument) {
        self.init(status: status)
        take(error)
    }

    mutating func take(_ error: ErrorDocument) {
        code = error.code
        message = error.message.map { String($0.prefix(200)) }
        objectSize = objectSize ?? error.actualObjectSize
    }
}
