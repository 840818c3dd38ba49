import Hummingbird
import NIOCore

/// Pulls the events of a form out of a request's body. Used by one task.
final class FormReader {
    private var parser: MultipartFormParser
    private var body: RequestBody.AsyncIterator

    /// - Throws: ``Problem`` where the request is no form.
    init(_ request: Request) throws(Problem) {
        do {
            parser = MultipartFormParser(
                boundary: try FormBoundary.parse(contentType: request.headers[.contentType] ?? ""))
        } catch {
            throw Problem(.badBody, error.description)
        }
        body = request.body.makeAsyncIterator()
    }

    /// The next event; nil behind the end of the body.
    func next() async throws(Problem) -> FormDataEvent? {
        while true {
            do {
                if let event = try parser.next() { return event }
            } catch {
                throw Problem(.badBody, error.description)
            }
            let chunk: ByteBuffer?
            do {
                chunk = try await body.next()
            } catch {
                throw Problem(thrown: error)
            }
            guard let chunk else {
                do {
                    try parser.finish()
                } catch {
                    throw Problem(.badBody, error.description)
                }
                return nil
            }
            parser.feed(chunk)
        }
    }

    /// The content of a field.
    func fieldValue() async throws(Problem) -> [UInt8] {
        var value: [UInt8] = []
        while case .bytes(let bytes)? = try await next() { value += bytes.readableBytesView }
        return value
    }
}
