import Admission
import ImageCache
import ImageCodecs
import ImageModel
public import NIOCore
import ObjectStorage
import TaskSupport

/// The bytes of an upload, pulled when they are needed; nil at the end. Errors are the client's.
public typealias UploadBody = () async throws -> ByteBuffer?

/// The result of an upload.
public struct UploadedImage: Sendable {
    /// The version that the upload has written.
    public var image: StoredImage
    /// Whether the path had no picture before, as looked up while the body came.
    public var isNew: Bool
    /// The version that the path had before, as looked up while the body came; nil if there was none, or if the store
    /// does not tell.
    public var previousVersion: String?
}

/// Stores pictures: receives the body, checks it, writes it. A rejected or broken-off upload leaves nothing.
struct Uploads: Sendable {
    let receiver: BodyReceiver
    let lookup: PriorVersionLookup
    let writer: UploadWriter
    let derived: DerivedObjects

    /// Stores the picture that `body` holds.
    ///
    /// - Parameters:
    ///   - declared: the length of the body, if known.
    ///   - rules: what it may be.
    ///   - client: takes its share of the memory.
    func upload(
        to target: UploadTarget, condition: WriteCondition, declared: Int64? = nil, rules: UploadRules,
        for client: ClientIdentity, body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        // Whatever can be rejected without reading the body is rejected first.
        var mode = PutMode.overwrite
        var looking: Task<Result<PriorVersion, StorageError>, Never>?
        switch (target, condition) {
        case (.made, _):
            _ = try target.path(for: .webp)
        case (.fixed(let path), .always):
            // For 200 or 201, and for the version that is replaced: looked up while the body comes.
            looking = Task(executorPreference: RequestExecutor.executor) { await lookup.head(path) }
        case (.fixed(let path), _):
            let look = await lookup.head(path)
            mode = try condition.mode(given: try PriorVersionLookup.value(look).etag)
            looking = Task { look }
        }
        defer { looking?.cancel() }

        let id = WriteID.random()
        let received = try await receiver.narrowed(by: rules).receive(
            target, id: id, declared: declared, for: client, body)
        defer { received.release() }
        do throws(ServiceError) {
            let path = try target.path(for: received.info.format)
            // Before the write: a later look would see what this upload has written.
            let before = try await prior(looking, path, received)
            return try await write(received, to: path, mode: mode, condition: condition, id: id, before: before)
        } catch {
            // Does nothing if the upload was completed and the store's answer was lost.
            if case .parts(let upload) = received.bytes { await upload.abort() }
            throw error
        }
    }

    private func prior(
        _ looking: Task<Result<PriorVersion, StorageError>, Never>?, _ path: ImagePath, _ received: ReceivedUpload
    ) async throws(ServiceError) -> PriorVersion {
        guard let looking else { return .nothing }
        return try await lookup.version(after: await looking.value, path, isInMemory: received.isInMemory)
    }

    /// Writes it, and removes what was derived from the version before.
    private func write(
        _ received: ReceivedUpload, to path: ImagePath, mode: PutMode, condition: WriteCondition, id: WriteID,
        before: PriorVersion
    ) async throws(ServiceError) -> UploadedImage {
        do throws(ServiceError) {
            let (image, before) = try await writer.write(
                received, to: path, mode: mode, condition: condition, id: id, before: before)
            if before != .nothing { derived.removeAll(of: path.key, but: image.etag) }
            return UploadedImage(
                image: image, isNew: before == .nothing,
                previousVersion: before.etag.map { StoredImage.version(of: $0) })
        } catch {
            if before != .nothing { derived.removeIfWritten(path.key, error) }
            throw error
        }
    }
}
