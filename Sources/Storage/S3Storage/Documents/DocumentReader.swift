import NIOCore

/// One kind of XML document in S3's answers, filled in while it is read.
protocol AnswerDocument: Sendable {
    /// The possible names of its root.
    static var roots: [String] { get }

    init()

    /// An element below the root begins.
    ///
    /// - Parameter path: the names from the root's child down to it.
    mutating func begin(_ path: [String])

    /// The element at this path ends. The text is what was directly inside it.
    mutating func end(_ path: [String], text: String)

    /// - Throws: if something is missing that every such document has.
    func check() throws(BadAnswer)
}

extension AnswerDocument {
    mutating func begin(_ path: [String]) {}
}

/// Reads one document, piece by piece. A well-formed document with another root is rejected: it is a web page, or an
/// error although the status promised none.
struct DocumentReader<Document: AnswerDocument>: ~Copyable {
    private let xml: XMLReader
    private var contents = DocumentContents<Document>()

    init() throws(BadAnswer) {
        xml = try XMLReader()
    }

    mutating func feed(_ bytes: ByteBuffer) throws(BadAnswer) {
        try contents.read(bytes, isLast: false, by: xml)
    }

    /// Takes the last bytes, and returns the document.
    ///
    /// - Throws: ``BadAnswer`` if the bytes are no such document; ``S3Error`` if they are an error in its place.
    mutating func finish(_ bytes: ByteBuffer) throws -> Document {
        try contents.read(bytes, isLast: true, by: xml)
        if contents.isError {
            guard let error = ErrorDocument(contents.error) else { throw BadAnswer("an error without a code") }
            throw S3Error(status: 200, error)
        }
        try contents.document.check()
        return contents.document
    }
}

/// What a reader has read so far.
private struct DocumentContents<Document: AnswerDocument> {
    var document = Document()
    var error = ErrorDocument.Fields()
    var isError = false
    private var isOpen = false
    /// Names of the open elements below the root.
    private var path: [String] = []

    mutating func read(_ bytes: ByteBuffer, isLast: Bool, by xml: borrowing XMLReader) throws(BadAnswer) {
        try xml.feed(bytes, isLast: isLast) { event throws(BadAnswer) in try take(event) }
    }

    private mutating func take(_ event: XMLReader.Event) throws(BadAnswer) {
        switch event {
        case .begin(let name) where !isOpen:
            isOpen = true
            isError = name == ErrorDocument.root && !Document.roots.contains(name)
            guard isError || Document.roots.contains(name) else {
                throw BadAnswer("an answer that is no \(Document.roots[0])")
            }
        case .begin(let name):
            path.append(name)
            if !isError { document.begin(path) }
        case .end(let text):
            // The end of the root itself.
            guard !path.isEmpty else { return }
            if isError { error.end(path, text: text) } else { document.end(path, text: text) }
            path.removeLast()
        }
    }
}

/// Reads documents that are in memory already.
enum S3Document {
    /// - Throws: ``BadAnswer`` if the bytes are no such document, or an error in its place.
    static func decode<Document: AnswerDocument>(
        _ type: Document.Type, from body: ByteBuffer
    ) throws(BadAnswer) -> Document {
        do {
            var reader = try DocumentReader<Document>()
            return try reader.finish(body)
        } catch let error as BadAnswer {
            throw error
        } catch {
            throw BadAnswer("an error in place of a \(Document.roots[0])")
        }
    }
}
