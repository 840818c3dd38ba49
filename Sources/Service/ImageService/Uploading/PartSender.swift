import Admission
import DequeModule
import NIOCore
import ObjectStorage
import TaskSupport

/// Sends the parts of one upload, two at a time, while the next one is being received.
final class PartSender {
    /// One more would keep one more part in memory; fewer would leave the store idle while a part is hashed.
    private static let maximumInFlight = 2

    private var upload: (any MultipartUpload)?
    private var inFlight: Deque<Task<StorageError?, Never>> = []
    private var count = 0

    var hasBegun: Bool { upload != nil }

    func begin(_ upload: any MultipartUpload) {
        self.upload = upload
    }

    /// Begins to send this part as soon as another one has ended. `lease` is held until the store has the part.
    func send(_ part: ByteBuffer, _ lease: UploadBudget<ClientIdentity>.Lease) async throws(ServiceError) {
        if inFlight.count == Self.maximumInFlight { try await awaitOldest() }
        guard part.readableBytes > 0, let upload else { return lease.release() }
        count += 1
        let task = Task(executorPreference: RequestExecutor.executor) { [number = count] () -> StorageError? in
            defer { lease.release() }
            do throws(StorageError) {
                try await upload.uploadPart(part, number: number)
                return nil
            } catch {
                return error
            }
        }
        inFlight.append(task)
    }

    /// The upload with all its parts sent, to be completed or aborted by the caller.
    func finish() async throws(ServiceError) -> any MultipartUpload {
        while !inFlight.isEmpty { try await awaitOldest() }
        guard let upload else { throw .cancelled }
        self.upload = nil
        return upload
    }

    /// Aborts the upload, if one has begun.
    func abort() async {
        for task in inFlight { task.cancel() }
        for task in inFlight { _ = await task.value }
        await upload?.abort()
    }

    private func awaitOldest() async throws(ServiceError) {
        guard let task = inFlight.first else { return }
        let error = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        inFlight.removeFirst()
        if let error { throw ServiceError(error) }
    }
}
