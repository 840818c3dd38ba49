public import NIOCore
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    public func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions
    ) async throws(StorageError) -> PutResult {
        try await put(key, bytes: bytes, options: options, until: client.deadline())
    }

    func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions, until deadline: NIODeadline
    ) async throws(StorageError) -> PutResult {
        let description = Self.headers(contentType: options.contentType, metadata: options.metadata)
        return try await conditionally(
            key, mode: options.mode, during: .put, until: deadline
        ) { condition throws(S3Failure) in
            var request = S3Request(.put, .PUT, key: key, headers: description + condition, body: bytes)
            // The same bytes have the same ETag again: between two tries other writes may have brought back the version
            // that is named, and the second try would be a second write. The caller looks what became of the first.
            if case .replace = options.mode { request.repeatability = .ifUntouched }
            let answer = try await client.send(request, until: deadline)
            return PutResult(etag: try Self.etag(answer.headers, during: .put))
        }
    }

    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        let deadline = client.deadline()
        let mode = ifMatch.map { PutMode.replace($0) } ?? .overwrite
        var isRepeated = false
        do throws(StorageError) {
            try await conditionally(
                key, mode: mode, during: .delete, until: deadline
            ) { condition throws(S3Failure) in
                do throws(S3Failure) {
                    _ = try await client.send(
                        S3Request(.delete, .DELETE, key: key, headers: condition), until: deadline)
                } catch {
                    isRepeated = error.mayHaveActed
                    throw error
                }
            }
        } catch {
            try await judgeRefusedDelete(error, of: key, ifMatch: ifMatch, isRepeated: isRepeated, until: deadline)
        }
    }

    /// Tells "it is not there" from "it is another version", which stores answer alike, and takes an object that is
    /// gone as deleted where an earlier try may have done it.
    private func judgeRefusedDelete(
        _ error: StorageError, of key: ObjectKey, ifMatch: ETag?, isRepeated: Bool, until deadline: NIODeadline
    ) async throws(StorageError) {
        var isMissing = error.code == .notFound
        if error.code == .preconditionFailed {
            do {
                _ = try await head(key, during: .delete, until: deadline)
            } catch  where error.code == .notFound {
                isMissing = true
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

    static func etag(_ headers: HTTPHeaders, during operation: StorageError.Operation) throws(S3Failure) -> ETag {
        guard let etag = headers.first(name: "etag").flatMap({ ETag(header: $0) }) else {
            throw badAnswer("a write without a usable ETag", during: operation)
        }
        return etag
    }
}
