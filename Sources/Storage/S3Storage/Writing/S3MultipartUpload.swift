import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ObjectStorage
import TaskSupport

/// One multipart upload, each part signed with its own hash.
final class S3MultipartUpload: MultipartUpload {
    private struct State {
        var parts: [Int: ETag] = [:]
        /// Whether a part may still be on its way into the store after its call has ended.
        var hasLostPart = false
        /// Whether the store has failed by outage or timeout: there is no second wait for it.
        var hasMetOutage = false
        var isOver = false
    }

    private let key: ObjectKey
    private let uploadID: String
    private let markerKey: ObjectKey
    private let storage: S3Storage
    private let options: UploadOptions
    /// Adds the upload's id to the marker while the first part is sent. If that fails, the sweep finds the upload by
    /// key and time.
    private let naming: Task<Void, Never>
    private let state = NIOLockedValueBox(State())

    /// - Parameter marker: the marker with the id; the stored one has no id yet.
    init(_ marker: UploadMarker, uploadID: String, markerKey: ObjectKey, of storage: S3Storage, options: UploadOptions)
    {
        key = marker.key
        self.uploadID = uploadID
        self.markerKey = markerKey
        self.storage = storage
        self.options = options
        naming = Task {
            do throws(S3RequestError) {
                try await storage.write(marker, at: markerKey, until: storage.client.deadline())
            } catch {
                storage.logger.debug(
                    "marker of an upload stays without its id",
                    metadata: ["error": "\(error.storageError.debugDescription)"])
            }
        }
    }

    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError) {
        let request = S3Request(
            .uploadPart, .PUT, key: key,
            query: [QueryItem("partNumber", String(number)), QueryItem("uploadId", uploadID)], body: bytes)
        do throws(S3RequestError) {
            let answer = try await storage.client.send(request, until: storage.client.deadline())
            let etag = try S3Storage.etag(answer.headers, during: .uploadPart)
            state.withLockedValue { $0.parts[number] = etag }
        } catch {
            note(error)
            throw error.storageError
        }
    }

    private func note(_ error: S3RequestError) {
        state.withLockedValue { state in
            // An earlier try may still be on its way, like the last one.
            state.hasLostPart = state.hasLostPart || error.leavesDoubt || error.mayHaveActed
            state.hasMetOutage = state.hasMetOutage || error.storageError.isOutage
        }
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        let deadline = storage.client.deadline()
        guard !state.withLockedValue({ $0.parts.isEmpty }) else {
            throw StorageError(.unsupported, during: .completeUpload, detail: "an upload without parts")
        }
        let result: PutResult
        do throws(StorageError) {
            result = try await storage.conditionally(
                key, mode: mode, during: .completeUpload, until: deadline
            ) { condition throws(S3RequestError) in
                try await self.complete(condition, until: deadline)
            }
        } catch {
            if error.isOutage { state.withLockedValue { $0.hasMetOutage = true } }
            throw error
        }
        state.withLockedValue { $0.isOver = true }
        // Runs on even in a cancelled task, and the caller need not wait for it: the object is there.
        storage.tidying.start { await self.forgetMarker() }
        return result
    }

    private func complete(
        _ condition: [(name: String, value: String)], until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) -> PutResult {
        let parts = state.withLockedValue { state in
            state.parts.sorted { $0.key < $1.key }.map { (number: $0.key, etag: $0.value) }
        }
        let request = S3Request(
            .completeUpload, .POST, key: key, query: [QueryItem("uploadId", uploadID)],
            headers: [("content-type", "application/xml")] + condition, body: CompleteUploadBody.make(parts))
        let client = storage.client
        do throws(S3RequestError) {
            // The status is sent before the store has joined the parts, so an error can only be in the body.
            let etag = try await client.read(CompletedUploadDocument.self, request, until: deadline) { document in
                guard let etag = document.etag.flatMap({ ETag(header: $0) }) else {
                    throw BadAnswer("a completed upload without a usable ETag")
                }
                return etag
            }
            return await lasting(etag, until: deadline)
        } catch {
            guard error.mayHaveActed, error.s3Error?.status == 404 || error.s3Error?.code == "NoSuchUpload" else {
                throw error
            }
            // An earlier try has lost its answer, and now the upload is gone: it was completed, or somebody aborted it.
            // Only the object can tell which, and the caller knows how to recognise its write there.
            throw S3RequestError(
                kind: .transport(untouched: false, error), operation: .completeUpload, mayHaveActed: true)
        }
    }

    /// Some stores answer with another ETag than the object has from then on; on those the object is asked. Where it is
    /// another's by then, the answer's own must do.
    private func lasting(_ answered: ETag, until deadline: ContinuousClock.Instant) async -> PutResult {
        guard !storage.traits.completeTellsETag,
            let object = try? await storage.head(key, during: .completeUpload, until: deadline),
            object.metadata == options.metadata
        else { return PutResult(etag: answered) }
        return PutResult(etag: object.etag, lastModified: object.lastModified)
    }

    func abort() async {
        let isOver = state.withLockedValue { state in
            defer { state.isOver = true }
            return state.isOver
        }
        if isOver { return }
        // In a task of its own: this one may be cancelled, and the parts must be removed all the same. If the store is
        // away, there is no second wait for it.
        if state.withLockedValue({ $0.hasMetOutage }) {
            storage.tidying.start { await self.abortToTheEnd() }
        } else {
            await Task { await abortToTheEnd() }.value
        }
    }

    /// The marker is removed after its id was written; else that write would create it anew.
    private func forgetMarker() async {
        await withTaskCancellationHandler {
            await naming.value
        } onCancel: {
            naming.cancel()
        }
        await storage.forget(markerAt: markerKey)
    }

    private func abortToTheEnd() async {
        do throws(S3RequestError) {
            try await storage.abortUpload(uploadID, of: key)
            if state.withLockedValue({ $0.hasLostPart }) {
                // A part that was on its way when the upload was aborted may have come in behind it: S3 asks for
                // another abort then (API reference, AbortMultipartUpload).
                try? await storage.client.clock.pause(for: .milliseconds(200))
                try await storage.abortUpload(uploadID, of: key)
            }
            await forgetMarker()
        } catch {
            storage.logger.warning(
                "upload could not be aborted and stays until the sweep",
                metadata: ["error": "\(error.storageError.debugDescription)"])
        }
    }
}
