import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ObjectStorage

extension S3Client {
    /// The body of an answer, bounded in bytes and in time. Where there is none its end is read, which frees the
    /// connection for the next request.
    func collect(
        _ response: HTTPClientResponse, limit: Int, until deadline: NIODeadline
    ) async throws -> ByteBuffer {
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
        in response: HTTPClientResponse, until deadline: NIODeadline
    ) async throws -> S3Fault {
        var fault = S3Fault(status: Int(response.status.code))
        fault.bucketRegion = response.headers.first(name: "x-amz-bucket-region")
        fault.objectSize = ContentRange.unsatisfiedSize(response.headers.first(name: "content-range"))
        let body: ByteBuffer
        do {
            body = try await collect(response, limit: Self.errorLimit, until: deadline)
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
