import HTTPServer
import ImageRequests
import ImageService
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RotationChange {
    /// More than any reasonable body, to allow white space.
    private static let maximumBodyBytes = 4096

    /// Reads what a rotate asks for from its query and its body.
    init(_ query: Query, _ request: Request) async throws(Problem) {
        let body = try await Self.body(of: request)
        let wanted = try Problem.mapping { () throws(RequestError) in try RotateQuery(query, body) }
        self.init(wanted.orientation, edge: wanted.edge)
    }

    private static func body(of request: Request) async throws(Problem) -> RotateQuery.Body {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: maximumBodyBytes)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLong, "The body of a rotate is longer than \(maximumBodyBytes) bytes.")
        } catch {
            throw Problem(thrown: error)
        }
        guard bytes.readableBytes > 0 else { return RotateQuery.Body() }
        do {
            return try JSONDecoder().decode(RotateQuery.Body.self, from: Data(bytes.readableBytesView))
        } catch {
            throw Problem(.badBody, "The body of a rotate must be a JSON object with degrees, flip or both, and edge.")
        }
    }
}
