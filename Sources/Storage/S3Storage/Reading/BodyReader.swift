import HTTPRequests
import Logging
import NIOCore
import ObjectStorage

/// Reads a body to exactly its promised end. If the connection breaks off, a Range request for the same version gets
/// the rest; bytes of two versions are never mixed. Used by one task.
final class BodyReader {
    /// Reconnections in a row without a single new byte.
    static let fruitlessResumes = 3
    /// Reconnections in total: a store that sends a few bytes and hangs up, again and again, is broken.
    static let maximumResumes = 100
    /// Pauses without a byte after which the rest is requested anew. A store with many readers may leave one of them
    /// waiting for too long, and answer it as soon as it asks again.
    static let maximumStalls = 2

    private let storage: S3Storage
    private let info: ObjectInfo
    private let end: Int64
    private var position: Int64
    private var stream: ReadTimeoutBody?
    private var resumes = 0
    private var fruitless = 0
    private var stalls = 0

    init(_ part: ObjectPart, from response: ClientResponse, of storage: S3Storage) {
        self.storage = storage
        info = part.info
        position = part.range.lowerBound
        end = part.range.upperBound
        stream = ReadTimeoutBody(response.body, deadlines: storage.client.deadlines)
    }

    /// The next bytes; nil after the last ones.
    ///
    /// - Throws: ``StorageError``.
    func next() async throws -> ByteBuffer? {
        // The pause begins when bytes are asked for: a slow reader is not the store's fault.
        var deadline = storage.client.deadline()
        while position < end {
            do {
                guard let stream else { throw BrokenOff() }
                guard let chunk = try await stream.next(until: deadline) else { throw BrokenOff() }
                return try await accept(chunk, from: stream, until: deadline)
            } catch {
                stream = nil
                deadline = try await resume(after: error, until: deadline)
            }
        }
        stream = nil
        return nil
    }

    private func accept(
        _ chunk: ByteBuffer, from stream: ReadTimeoutBody, until deadline: ContinuousClock.Instant
    ) async throws -> ByteBuffer {
        position += Int64(chunk.readableBytes)
        fruitless = 0
        guard position <= end else { throw StorageError(.badAnswer, during: .get, detail: "more bytes than promised") }
        if position == end {
            // The end of the answer frees the connection for the next request; a reader that has all bytes may not ask
            // for it. The bytes are complete whether it comes or not.
            _ = try? await stream.next(until: deadline)
            self.stream = nil
        }
        return chunk
    }

    /// Requests the rest, if the connection failed or nothing has come over it for too long.
    ///
    /// - Returns: until when the next byte has to come.
    private func resume(after error: any Error, until deadline: ContinuousClock.Instant) async throws
        -> ContinuousClock.Instant
    {
        if let error = error as? StorageError { throw error }
        let kind = Task.isCancelled ? .cancelled : S3RequestError.Kind(error)
        let requestError = S3RequestError(kind: kind, operation: .get)
        resumes += 1
        fruitless += 1
        var deadline = deadline
        switch kind {
        case .transport where fruitless <= Self.fruitlessResumes && resumes <= Self.maximumResumes: break
        case .timedOut where error is DeadlineRunner.Passed && stalls < Self.maximumStalls:
            stalls += 1
            deadline = storage.client.deadline()
        default: throw requestError.storageError
        }
        storage.logger.debug(
            "storage body broke off and is resumed",
            metadata: ["offset": "\(position)", "error": "\(requestError.storageError.debugDescription)"])
        let options = GetOptions(range: .closed(first: position, last: end - 1), ifMatch: info.etag)
        do throws(S3RequestError) {
            let (response, part) = try await storage.open(info.key, options: options, until: deadline)
            guard part.info.etag == info.etag, part.info.size == info.size else {
                throw S3Storage.badAnswer("another version than the one that was begun")
            }
            stream = ReadTimeoutBody(response.body, deadlines: storage.client.deadlines)
            return deadline
        } catch {
            throw error.storageError
        }
    }
}

/// The connection ended before the body did.
private struct BrokenOff: Error {}
