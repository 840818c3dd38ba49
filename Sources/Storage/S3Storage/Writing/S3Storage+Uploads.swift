import Logging
import NIOHTTP1
public import ObjectStorage
import TaskSupport
import TextCoding

extension S3Storage {
    /// CreateMultipartUpload. A marker object is written first, by which the sweep finds an upload that nobody ends.
    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        if Task.isCancelled { throw StorageError(.cancelled, during: .beginUpload) }
        // In a task of its own: if the caller left between the store's answer and ours, nobody would end the upload.
        // The deadline bounds it.
        let beginning = Task { [self] in
            await attempt { () throws(StorageError) in
                try await beginRepeatedly(key, options: options, until: client.deadline())
            }
        }
        let upload = try await beginning.value.get()
        if Task.isCancelled {
            await upload.abort()
            throw StorageError(.cancelled, during: .beginUpload)
        }
        return upload
    }

    private func beginRepeatedly(
        _ key: ObjectKey, options: UploadOptions, until deadline: ContinuousClock.Instant
    ) async throws(StorageError) -> S3MultipartUpload {
        var tries = 0
        while true {
            tries += 1
            do throws(S3RequestError) {
                return try await beginUpload(key, options: options, until: deadline)
            } catch {
                // Sent again, the request begins a second upload. The first one has a marker of its own by then, by
                // which the sweep finds it.
                let isOver = tries == Self.beginTries || client.clock.now() >= deadline
                guard error.leavesDoubt, error.storageError.isOutage, !isOver else { throw error.storageError }
            }
        }
    }

    /// How often the begin of an upload is tried when its answers are lost.
    private static let beginTries = 3

    private func beginUpload(
        _ key: ObjectKey, options: UploadOptions, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> S3MultipartUpload {
        guard let markerKey = ObjectKey(Self.ownPrefix + UploadMarker.name(of: key)) else {
            throw Self.badAnswer("a marker without a name", during: .beginUpload)
        }
        var marker = UploadMarker(key: key, begun: client.now())
        try await write(marker, at: markerKey, until: deadline)
        let uploadID: String
        do throws(S3RequestError) {
            uploadID = try await createUpload(key, options: options, until: deadline)
        } catch {
            // In the background: a store that has just failed may be slow here too.
            if !error.leavesDoubt, !error.mayHaveActed {
                tidying.start { [self] in await forget(markerAt: markerKey) }
            }
            throw error
        }
        marker.uploadID = uploadID
        return S3MultipartUpload(marker, uploadID: uploadID, markerKey: markerKey, of: self, options: options)
    }

    /// Writes a marker, or what has become known since.
    func write(
        _ marker: UploadMarker, at key: ObjectKey, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) {
        let request = S3Request(
            .beginUpload, .PUT, key: key, headers: [("content-type", "text/plain")], body: marker.bytes)
        _ = try await client.send(request, until: deadline)
    }

    /// - Parameter repeatability: sent twice, it would begin two uploads, and the marker names only one.
    func createUpload(
        _ key: ObjectKey, options: UploadOptions, during operation: StorageError.Operation = .beginUpload,
        repeatability: S3Request.Repeatability = .ifUntouched, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> String {
        let request = S3Request(
            operation, .POST, key: key, query: [QueryItem("uploads")],
            headers: Self.headers(contentType: options.contentType, metadata: options.metadata),
            repeatability: repeatability)
        return try await client.read(CreatedUploadDocument.self, request, until: deadline) { $0.uploadID }
    }

    /// Removes a marker. Never fails: the sweep finds a marker that stays.
    func forget(markerAt markerKey: ObjectKey) async {
        do throws(S3RequestError) {
            _ = try await client.send(S3Request(.abortUpload, .DELETE, key: markerKey), until: client.deadline())
        } catch {
            logger.debug(
                "marker of an upload stays until the sweep",
                metadata: ["error": "\(error.storageError.debugDescription)"])
        }
    }

    /// Aborts an upload. If it does not exist (any more), that is a success.
    func abortUpload(
        _ uploadID: String, of key: ObjectKey, until deadline: ContinuousClock.Instant? = nil
    ) async throws(S3RequestError) {
        let request = S3Request(.abortUpload, .DELETE, key: key, query: [QueryItem("uploadId", uploadID)])
        do throws(S3RequestError) {
            _ = try await client.send(request, until: deadline ?? client.deadline())
        } catch  where meansMissing(error) || error.s3Error?.code == "NoSuchUpload" {
            return
        }
    }
}

extension UploadMarker {
    /// The name for a marker of this key's uploads, each under its own random name.
    static func name(of key: ObjectKey) -> String {
        "\(folder)\(Hashing.sha256(key.bytes))/\(Hexadecimal.random(bytes: 16))"
    }
}
