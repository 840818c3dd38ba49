import Admission
import NIOCore
import ObjectStorage

/// Sends the parts of one upload, one at a time, while the next one is being received.
final class PartSender {
    private var upload: (any MultipartUpload)?
    private var inFlight: Task<StorageError?, Never>?

    var hasBegun: Bool { upload != nil }

    func begin(_ upload: any MultipartUpload) {
        self.upload = upload
    }

    /// Begins to send this part once the one before is with the store. `lease` is held until this one is, too.
    func send(_ part: ByteBuffer, _ lease: UploadBudget.Lease) async throws(ServiceError) {
        try await settle()
        guard part.readableBytes > 0, let upload else { return lease.release() }
        inFlight = Task(executorPreference: TaskHome.executor) {
            defer { lease.release() }
            do throws(StorageError) {
                try await upload.uploadPart(part)
                return nil
            } catch {
                return error
            }
        }
    }

    /// The upload with all its parts sent, to be completed or aborted by the caller.
    func finish() async throws(ServiceError) -> any MultipartUpload {
        try await settle()
        guard let upload else { throw .cancelled }
        self.upload = nil
        return upload
    }

    /// Gives up what has begun.
    func abort() async {
        inFlight?.cancel()
        _ = await inFlight?.value
        await upload?.abort()
    }

    private func settle() async throws(ServiceError) {
        guard let task = inFlight else { return }
        let error = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        inFlight = nil
        if let error { throw ServiceError(error) }
    }
}
