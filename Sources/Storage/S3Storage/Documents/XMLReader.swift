import CXML
import NIOCore

/// Reads XML piece by piece, within limits. Rejects what is not XML, declares a document type or exceeds a limit.
struct XMLReader: ~Copyable {
    /// The events of a document, in its order.
    enum Event: Sendable, Hashable {
        /// An element begins; its name without a namespace.
        case begin(String)
        /// The innermost open element ends. The text is what was directly inside it, with its spaces.
        case end(text: String)
    }

    /// A page of 1,000 keys has less than 20,000 elements, and no text in it is longer than an encoded key of 1,024
    /// bytes or a token.
    private static let limits = cx_limits(depth: 16, elements: 50_000, text: 16 << 10, bytes: 8 << 20)
    /// Once for the process, before the first reader.
    private static let isSetUp: Void = cx_setup()

    private let reader: OpaquePointer

    init() throws(BadAnswer) {
        Self.isSetUp
        guard let reader = cx_create(Self.limits) else { throw BadAnswer("no memory for an answer") }
        self.reader = reader
    }

    deinit {
        cx_free(reader)
    }

    /// Takes the next bytes and calls `take` with the events in them.
    ///
    /// - Parameter isLast: whether the document ends with these bytes.
    /// - Throws: ``BadAnswer``, also from `take`; after that the reader takes nothing more.
    borrowing func feed(
        _ bytes: ByteBuffer, isLast: Bool, _ take: (Event) throws(BadAnswer) -> Void
    ) throws(BadAnswer) {
        let status = bytes.withUnsafeReadableBytes { cx_feed(reader, $0.baseAddress, $0.count, isLast) }
        while let event = cx_next(reader)?.pointee {
            switch event.kind {
            case CX_BEGIN: try take(.begin(Self.text(event.name, event.name_length)))
            default: try take(.end(text: Self.text(event.text, event.text_length)))
            }
        }
        switch status {
        case CX_OK: return
        case CX_LIMIT: throw BadAnswer("XML that is too long, too deep or has too many elements")
        case CX_DOCTYPE: throw BadAnswer("XML with a document type, as web pages have")
        case CX_NO_MEMORY: throw BadAnswer("no memory for an answer")
        default: throw BadAnswer("no XML, or XML that is cut off")
        }
    }

    private static func text(_ start: UnsafePointer<CChar>, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
