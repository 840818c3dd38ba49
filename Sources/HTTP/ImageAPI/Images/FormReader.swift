import HTTPServer
import HTTPTypes
import NIOCore

/// Reads the events of a form from a request's body. One task uses it.
final class FormReader {
    private var parser: MultipartFormParser
    private var body: RequestBody.AsyncIterator
    private var events = 0
    /// Bytes that have come and were not parsed yet.
    private var rest = ByteBuffer()

    /// How many events of one socket read are handled without a pause. A form of tiny pieces has thousands, and every
    /// other connection of the event loop would wait for all of them.
    private static let eventsInOneGo = 32
    /// The same limit in bytes, because each byte may look like the start of a boundary.
    private static let bytesInOneGo = 16 << 10

    /// - Throws: ``Problem`` if the request is not a form.
    init(_ request: Request) throws(Problem) {
        do {
            parser = MultipartFormParser(
                boundary: try FormBoundary.parse(contentType: request.headers[.contentType] ?? ""))
        } catch {
            throw Problem(.badBody, error.description)
        }
        body = request.body.makeAsyncIterator()
    }

    /// The next event; nil after the end of the body.
    func next() async throws(Problem) -> FormDataEvent? {
        events += 1
        if events % Self.eventsInOneGo == 0 { await Task.yield() }
        while true {
            do {
                if let event = try parser.next() { return event }
            } catch {
                throw Problem(.badBody, error.description)
            }
            guard let chunk = try await nextChunk() else {
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

    private func nextChunk() async throws(Problem) -> ByteBuffer? {
        if rest.readableBytes > 0 {
            await Task.yield()
        } else {
            do {
                guard let chunk = try await body.next() else { return nil }
                rest = chunk
            } catch {
                throw Problem(thrown: error)
            }
        }
        return rest.readSlice(length: min(rest.readableBytes, Self.bytesInOneGo))
    }

    /// The content of a field.
    func fieldValue() async throws(Problem) -> [UInt8] {
        var value: [UInt8] = []
        while case .bytes(let bytes)? = try await next() { value += bytes.readableBytesView }
        return value
    }
}
