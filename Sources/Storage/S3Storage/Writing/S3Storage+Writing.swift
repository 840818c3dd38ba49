public import NIOCore
import NIOHTTP1
public import ObjectStorage
import TaskSupport
import TextCoding

extension S3Storage {
    /// PutObject. If metadata are given, one more field binds them to these bytes by size and MD5. A create-only write
    /// may be sent again after a lost answer; in other modes it is not.
    public func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions
    ) async throws(StorageError) -> PutResult {
        let deadline = client.deadline()
        var description = Self.headers(contentType: options.contentType, metadata: options.metadata)
        if !options.metadata.isEmpty {
            let binding = MetadataBinding.text(size: Int64(bytes.readableBytes), md5: Hashing.md5(bytes))
            description.append((ObjectHeaders.metadataPrefix + ObjectHeaders.bindingName, binding))
        }
        if let source = options.carrying { description += try await carried(from: source, until: deadline) }
        return try await conditionally(
            key, mode: options.mode, during: .put, until: deadline
        ) { condition throws(S3RequestError) in
            var request = S3Request(.put, .PUT, key: key, headers: description + condition, body: bytes)
            // Between two tries, another client's write may have been acknowledged, and the second try would undo it;
            // or the expected version may be back (the same bytes have the same ETag again). The caller finds out what
            // became of the first try. A create-only write cannot overwrite another one.
            if options.mode != .createOnly { request.repeatability = .ifUntouched }
            let answer = try await client.send(request, until: deadline)
            // S3 sends no Last-Modified here; its Date at the end of the write is as good a bound.
            return PutResult(
                etag: try Self.etag(answer.headers, during: .put),
                lastModified: answer.headers.first(name: "date").flatMap { Timestamp(httpDate: $0) })
        }
    }

    /// DeleteObject. After a lost answer it is sent again; a delete with `ifMatch` only after a look at the object.
    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        let deadline = client.deadline()
        let mode = ifMatch.map { PutMode.replace($0) } ?? .overwrite
        var isRepeated = false
        do throws(StorageError) {
            try await conditionally(
                key, mode: mode, during: .delete, until: deadline
            ) { condition throws(S3RequestError) in
                try await delete(key, mode: mode, condition, isRepeated: &isRepeated, until: deadline)
            }
        } catch {
            try await judgeRejectedDelete(error, of: key, ifMatch: ifMatch, isRepeated: isRepeated, until: deadline)
        }
    }

    /// Sends a delete, and sends it again if its answer is lost. With a version it looks at the object first: on a
    /// store that ignores the condition, the second try would delete what another client has written meanwhile.
    private func delete(
        _ key: ObjectKey, mode: PutMode, _ condition: [(name: String, value: String)], isRepeated: inout Bool,
        until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) {
        var request = S3Request(.delete, .DELETE, key: key, headers: condition)
        if mode != .overwrite { request.repeatability = .ifUntouched }
        for pause in [50, 200, 800, nil] {
            do throws(S3RequestError) {
                _ = try await client.send(request, until: deadline)
                return
            } catch {
                isRepeated = isRepeated || error.mayHaveActed || error.leavesDoubt
                let lost = error
                guard mode != .overwrite, error.leavesDoubt, error.storageError.isOutage, let pause else { throw error }
                do {
                    try await client.clock.pause(for: .milliseconds(pause))
                } catch {
                    throw S3RequestError(kind: .cancelled, operation: .delete, mayHaveActed: true)
                }
                do throws(S3RequestError) {
                    try await look(at: key, mode: mode, during: .delete, until: deadline)
                } catch let unmet where unmet.s3Error?.status == 404 || unmet.s3Error?.status == 412 {
                    throw unmet
                } catch {
                    throw lost
                }
            }
        }
    }

    /// Distinguishes "it is missing" from "it is another version", which stores answer alike. If an earlier try may
    /// have deleted the object, a missing object counts as deleted.
    private func judgeRejectedDelete(
        _ error: StorageError, of key: ObjectKey, ifMatch: ETag?, isRepeated: Bool,
        until deadline: ContinuousClock.Instant
    ) async throws(StorageError) {
        var isMissing = error.code == .notFound
        if error.code == .preconditionFailed {
            do {
                _ = try await head(key, during: .delete, until: deadline)
            } catch  where error.code == .notFound {
                isMissing = true
            } catch var unknown where isRepeated {
                // The second try may have met the result of ours.
                unknown.mayHaveHappened = true
                throw unknown
            }
        }
        guard isMissing else { throw error }
        if ifMatch == nil || isRepeated { return }
        throw StorageError(.notFound, during: .delete)
    }

    static func headers(contentType: String?, metadata: ObjectMetadata) -> [(name: String, value: String)] {
        let type = contentType.map { [(name: "content-type", value: $0)] } ?? []
        return type
            + metadata.sorted { $0.key < $1.key }.map { ("\(ObjectHeaders.metadataPrefix)\($0.key)", $0.value) }
    }

    static func etag(_ headers: HTTPHeaders, during operation: StorageError.Operation) throws(S3RequestError) -> ETag {
        guard let etag = headers.first(name: "etag").flatMap({ ETag(header: $0) }) else {
            throw badAnswer("a write without a usable ETag", during: operation)
        }
        return etag
    }
}
