import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ObjectStorage

extension S3Client {
    /// The body of an answer, bounded in bytes and in time.
    func collect(
        _ response: HTTPClientResponse, limit: Int, of request: S3Request, until deadline: NIODeadline
    ) async throws -> ByteBuffer {
        let declared = response.headers.first(name: "content-length").flatMap { Int($0) }
        // These have no body: what is read is their end, which frees the connection for the next request.
        if request.method == .HEAD || response.status == .noContent || declared == 0 {
            return try await response.body.collect(upTo: limit)
        }
        do {
            return try await deadlines.run(until: deadline) {
                try await response.body.collect(upTo: limit)
            }
        } catch is NIOTooManyBytesError {
            throw BadAnswer("an answer of more than \(limit) bytes")
        }
    }

    /// What an answer other than 2xx says.
    func fault(
        in response: HTTPClientResponse, to request: S3Request, until deadline: NIODeadline
    ) async throws -> S3Fault {
        var fault = S3Fault(status: Int(response.status.code))
        fault.bucketRegion = response.headers.first(name: "x-amz-bucket-region")
        fault.objectSize = ContentRange.unsatisfiedSize(response.headers.first(name: "content-range"))
        let body: ByteBuffer
        do {
            body = try await collect(response, limit: Self.errorLimit, of: request, until: deadline)
        } catch is BadAnswer {
            return fault
        }
        if let document = ErrorDocument(body) {
            fault.code = document.code
            fault.message = document.message.map { String($0.prefix(200)) }
            fault.objectSize = fault.objectSize ?? document.actualObjectSize
        }
        return fault
    }
}
