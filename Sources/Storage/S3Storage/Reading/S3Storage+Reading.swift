import HTTPRequests
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    /// HeadObject. If the answer is a bare 404, one byte is read too, to tell a missing object from a missing bucket.
    public func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await head(key, during: .head, until: client.deadline())
    }

    func head(
        _ key: ObjectKey, during operation: StorageError.Operation, until deadline: ContinuousClock.Instant
    ) async throws(StorageError) -> ObjectInfo {
        do throws(S3RequestError) {
            let headers = try await headers(of: key, during: operation, until: deadline)
            return headers.info(key, size: headers.contentLength)
        } catch {
            throw error.storageError
        }
    }

    /// What the store tells about an object, without its bytes.
    ///
    /// - Throws: an error that means "missing" only if the store has said so by its code.
    func headers(
        of key: ObjectKey, during operation: StorageError.Operation, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> ObjectHeaders {
        let question = S3Request(operation, .HEAD, key: key)
        let answer: S3Answer
        do throws(S3RequestError) {
            answer = try await client.send(question, until: deadline)
        } catch  where error.s3Error?.status == 404 && error.s3Error?.code == nil {
            // An answer to HEAD has no body and so no code: the bucket may be missing too, unless it was just seen.
            guard !isBucketSeen else {
                throw S3RequestError(kind: .errorAnswer(S3Error(status: 404, code: "NoSuchKey")), operation: operation)
            }
            let byte = S3Request(operation, .GET, key: key, headers: [("range", "bytes=0-0")])
            do throws(S3RequestError) {
                _ = try await client.send(byte, until: deadline)
            } catch  where error.s3Error?.status == 416 {
                // It is there, and empty.
            } catch {
                if meansMissing(error) { noteBucket() }
                throw error
            }
            // It was written between the two.
            answer = try await client.send(question, until: deadline)
        }
        return try Self.understand(operation) { () throws(BadAnswer) in try ObjectHeaders(answer.headers) }
    }

    /// GetObject. The version in `ifMatch` is compared here too, and a range is asked for again if the store refuses a
    /// suffix that is longer than the object.
    public func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        let deadline = client.deadline()
        let use = client.enterBodies()
        var readError: StorageError
        do throws(S3RequestError) {
            return try await read(key, options: options, under: use, until: deadline)
        } catch {
            readError = error.storageError
        }
        guard readError.code == .rangeNotSatisfiable, let range = options.range else { throw readError }
        // Not every store tells the object's size when it refuses a range.
        if readError.objectSize == nil {
            readError.objectSize = try? await head(key, during: .get, until: deadline).size
        }
        // And some refuse a suffix longer than the object, which means all of it (rclone).
        guard let size = readError.objectSize, let wanted = range.resolve(size: size) else { throw readError }
        do throws(S3RequestError) {
            let exact = ByteRange.closed(first: wanted.lowerBound, last: wanted.upperBound - 1)
            let options = GetOptions(range: exact, ifMatch: options.ifMatch)
            return try await read(key, options: options, under: use, until: deadline)
        } catch {
            throw error.storageError
        }
    }

    private func read(
        _ key: ObjectKey, options: GetOptions, under use: ConnectionUse, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> GetResult {
        let (response, part) = try await open(key, options: options, until: deadline)
        // Some stores have no conditional reads.
        if let wanted = options.ifMatch, part.info.etag != wanted {
            throw S3RequestError(kind: .errorAnswer(S3Error(status: 412, code: "PreconditionFailed")), operation: .get)
        }
        return GetResult(info: part.info, range: part.range, body: body(of: part, from: response, under: use))
    }

    /// Opens an object, or a range of it, and says which bytes come.
    func open(
        _ key: ObjectKey, options: GetOptions, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> (ClientResponse, ObjectPart) {
        var request = S3Request(.get, .GET, key: key)
        if let range = options.range { request.headers.append(("range", range.headerValue)) }
        if let etag = options.ifMatch { request.headers.append(("if-match", etag.text)) }
        let response = try await client.open(request, until: deadline)
        let part = try Self.understand(.get) { () throws(BadAnswer) in
            try ObjectPart(key, status: response.status, headers: response.headers)
        }
        guard let range = options.range else {
            guard part.range == 0..<part.info.size else { throw Self.badAnswer("a part instead of the whole object") }
            return (response, part)
        }
        // A store may answer with the whole object if the range covers none or all of it.
        guard let wanted = range.resolve(size: part.info.size) else {
            let error = S3Error(status: 416, code: "InvalidRange", objectSize: part.info.size)
            throw S3RequestError(kind: .errorAnswer(error), operation: .get)
        }
        guard part.range == wanted else { throw Self.badAnswer("another range than the requested one") }
        return (response, part)
    }

    private func body(
        of part: ObjectPart, from response: ClientResponse, under use: ConnectionUse
    ) -> ObjectBody {
        ObjectBody { [self] in
            let reader = BodyReader(part, from: response, of: self)
            return {
                defer { withExtendedLifetime(use) {} }
                return try await reader.next()
            }
        }
    }

    static func badAnswer(_ detail: String, during operation: StorageError.Operation = .get) -> S3RequestError {
        S3RequestError(kind: .badAnswer(detail), operation: operation)
    }

    /// Reads an answer; if it cannot be read, the operation fails.
    static func understand<Result>(
        _ operation: StorageError.Operation, _ read: () throws(BadAnswer) -> Result
    ) throws(S3RequestError) -> Result {
        do {
            return try read()
        } catch {
            throw badAnswer(error.detail, during: operation)
        }
    }
}

/// What an answer to GET holds: which object, and which of its bytes.
struct ObjectPart: Sendable {
    var info: ObjectInfo
    var range: Range<Int64>

    init(_ key: ObjectKey, status: Int, headers: HTTPHeaders) throws(BadAnswer) {
        let object = try ObjectHeaders(headers)
        // A part may come with status 200 (rclone): the header decides.
        switch headers.first(name: "content-range") == nil ? status : 206 {
        case 200:
            range = 0..<object.contentLength
            info = object.info(key, size: object.contentLength)
        case 206:
            guard let part = ContentRange(headers.first(name: "content-range")),
                Int64(part.range.count) == object.contentLength
            else { throw BadAnswer("a part whose Content-Range does not fit") }
            range = part.range
            info = object.info(key, size: part.size)
        default:
            throw BadAnswer("status \(status) for an object")
        }
    }
}
