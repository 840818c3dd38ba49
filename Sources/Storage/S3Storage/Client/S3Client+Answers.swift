import HTTPRequests
import NIOCore
import NIOHTTP1
import ObjectStorage
import Synchronization

extension S3Client {
    /// The body of an answer, bounded in bytes and in time.
    func collect(
        _ response: ClientResponse, limit: Int, until deadline: ContinuousClock.Instant
    ) async throws -> ByteBuffer {
        do {
            return try await response.collect(upTo: limit, until: deadline, by: deadlines)
        } catch let error as ClientResponse.TooLong {
            throw BadAnswer("an answer of more than \(error.limit) bytes")
        }
    }

    /// The error in an answer other than 2xx.
    func error(
        in response: ClientResponse, to request: S3Request, until deadline: ContinuousClock.Instant
    ) async throws -> S3Error {
        var s3Error = S3Error(status: response.status)
        s3Error.bucketRegion = response.headers.first(name: "x-amz-bucket-region")
        s3Error.objectSize = ContentRange.unsatisfiedSize(response.headers.first(name: "content-range"))
        let body: ByteBuffer
        do {
            body = try await collect(response, limit: Self.errorLimit, until: deadline)
        } catch is BadAnswer {
            return s3Error
        } catch  where request.body != nil && s3Error.speaksForItself && !Task.isCancelled {
            // A store that refuses a body unread may reset the connection, so that the rest of its answer is lost.
            return s3Error
        }
        let document =
            if body.readableBytes > DocumentThreads.shortDocument {
                try await documents.run { ErrorDocument(body) }
            } else {
                ErrorDocument(body)
            }
        if let document { s3Error.take(document) }
        return s3Error
    }

    /// Sends a request whose answer is a document. The document is read off the event loops, piece by piece as it
    /// comes.
    ///
    /// - Parameter understand: makes the result from the document, on the same thread. Throws ``BadAnswer``, or
    ///   ``S3Error`` for an error that the document tells.
    func read<Document: AnswerDocument, Result: Sendable>(
        _ type: Document.Type, _ request: S3Request, until deadline: ContinuousClock.Instant,
        _ understand: @escaping @Sendable (Document) throws -> Result
    ) async throws(S3RequestError) -> Result {
        try await send(request, until: deadline) { [self] response, tryDeadline in
            try await deadlines.run(until: tryDeadline) { [self] in
                try await decode(response.body, understand)
            }
        }
    }

    private func decode<Document: AnswerDocument, Result: Sendable>(
        _ body: ClientResponse.Body, _ understand: @escaping @Sendable (Document) throws -> Result
    ) async throws -> Result {
        let reading = DocumentReading<Document>(try DocumentReader())
        var pending = ByteBuffer()
        var isShort = true
        for try await var chunk in body {
            pending.writeBuffer(&chunk)
            guard pending.readableBytes >= DocumentThreads.stretch else { continue }
            isShort = false
            let bytes = pending
            pending = ByteBuffer()
            try await documents.run { try reading.feed(bytes) }
        }
        let bytes = pending
        if isShort, bytes.readableBytes <= DocumentThreads.shortDocument {
            return try understand(reading.finish(bytes))
        }
        return try await documents.run { try understand(reading.finish(bytes)) }
    }
}

/// A document that one thread after another reads, one at a time.
private final class DocumentReading<Document: AnswerDocument>: Sendable {
    private let reader: Mutex<DocumentReader<Document>>

    init(_ reader: consuming sending DocumentReader<Document>) {
        self.reader = Mutex(reader)
    }

    func feed(_ bytes: ByteBuffer) throws {
        try reader.withLock { try $0.feed(bytes) }
    }

    func finish(_ bytes: ByteBuffer) throws -> Document {
        try reader.withLock { try $0.finish(bytes) }
    }
}
