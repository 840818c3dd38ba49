import Logging
import NIOHTTP1
public import ObjectStorage
import TaskSupport

extension S3Storage {
    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        if Task.isCancelled { throw StorageError(.cancelled, during: .beginUpload) }
        // In a task of its own: where the caller leaves between the store's answer and ours, the upload would stay with
        // nobody to end it. The deadline bounds it.
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
                // Sent again, the request begins a second upload. The first one has a note of its own by then, by which
                // the sweep finds it.
                let isOver = tries == Self.beginTries || client.clock.now() >= deadline
                guard error.leavesDoubt, error.storageError.isOutage, !isOver else { throw error.storageError }
            }
        }
    }

    /// How often an upload is begun whose answers are lost.
    private static let beginTries = 3

    private func beginUpload(
        _ key: ObjectKey, options: UploadOptions, until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> S3MultipartUpload {
        guard let noteKey = ObjectKey(Self.ownPrefix + UploadMarker.name(of: key)) else {
            throw Self.badAnswer("a note without a name", during: .beginUpload)
        }
        var note = UploadMarker(key: key, begun: client.now())
        try await write(note, at: noteKey, until: deadline)
        let uploadID: String
        do throws(S3RequestError) {
            uploadID = try await createUpload(key, options: options, until: deadline)
        } catch {
            // Behind the caller: a store that has just failed may take its time for this too.
            if !error.leavesDoubt, !error.mayHaveActed {
                tidying.start { [self] in await forget(noteAt: noteKey) }
            }
            throw error
        }
        note.uploadID = uploadID
        return S3MultipartUpload(note, uploadID: uploadID, noteKey: noteKey, of: self, options: options)
    }

    /// Writes a note, or what has become known since.
    func write(_ note: UploadMarker, at noteKey: ObjectKey, until deadline: ContinuousClock.Instant)
        async throws(S3RequestError)
    {
        let request = S3Request(
            .beginUpload, .PUT, key: noteKey, headers: [("content-type", "text/plain")], body: note.bytes)
        _ = try await client.send(request, until: deadline)
    }

    /// - Parameter repeatability: sent twice it would begin two uploads, of which a note names one.
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

    /// Removes a note. Its loss of purpose is no reason to fail anything: a note that stays is found by the sweep.
    func forget(noteAt noteKey: ObjectKey) async {
        do throws(S3RequestError) {
            _ = try await client.send(S3Request(.abortUpload, .DELETE, key: noteKey), until: client.deadline())
        } catch {
            logger.debug(
                "note of an upload stays until the sweep",
                metadata: ["error": "\(error.storageError.debugDescription)"])
        }
    }

    /// Aborts an upload; one that is not there, any more, is aborted.
    func abortUpload(
        _ uploadID: String, of key: ObjectKey, until deadline: ContinuousClock.Instant? = nil
    ) async throws(S3RequestError) {
        let request = S3Request(.abortUpload, .DELETE, key: key, query: [QueryItem("uploadId", uploadID)])
        do throws(S3RequestError) {
            _ = try await client.send(request, until: deadline ?? client.deadline())
        } catch  where failureMeansMissing(error) || error.fault?.code == "NoSuchUpload" {
            return
        }
    }
}

extension UploadMarker {
    /// Where notes of this key's uploads are, each under a random name of its own.
    static func name(of key: ObjectKey) -> String {
        "\(folder)\(Hashing.sha256(key.bytes))/\(Hexadecimal.random(bytes: 16))"
    }
}
