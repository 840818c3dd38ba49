import Admission
import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage
import TaskSupport

/// Receives the body of an upload within the memory for uploads, and checks it: what it returns is a valid picture.
///
/// If it throws, it leaves nothing in the store.
struct BodyReceiver: Sendable {
    let storage: any ObjectStorage
    let budget: UploadBudget<ClientIdentity>
    /// The budget for whole files whose metadata are dropped.
    let rewriting: ByteBudget<ClientIdentity>
    let workers: CodecWorkers
    var limits: UploadLimits
    let clock: MonotonicClock

    /// An upload waits no longer than this for memory: by then, every client that stalled would have been cut off
    /// several times.
    static let memoryTimeout = Duration.seconds(180)

    /// The same for an upload that may be less.
    func narrowed(by rules: UploadRules) -> BodyReceiver {
        var receiver = self
        receiver.limits = limits.narrowed(by: rules)
        return receiver
    }

    /// - Parameters:
    ///   - declared: the length of the body, if known.
    ///   - client: takes its share of the memory.
    /// - Throws: what is wrong with the body or the picture; also an error if the memory or the store is not available
    ///   in time.
    func receive(
        _ target: UploadTarget, id: WriteID, declared: Int64?, for client: ClientIdentity, _ body: UploadBody
    ) async throws(ServiceError) -> ReceivedUpload {
        switch limits.metadata {
        case .keep: try await receiveInParts(target, id: id, for: client, body)
        case .dropLocation, .dropAll:
            try await receiveWhole(target, id: id, declared: declared, for: client, body)
        }
    }

    /// Receives the body as parts. Parts are sent to the store while more of the body comes.
    private func receiveInParts(
        _ target: UploadTarget, id: WriteID, for client: ClientIdentity, _ body: UploadBody
    ) async throws(ServiceError) -> ReceivedUpload {
        var receiver = UploadReceiver(limits: limits, partSize: storage.capabilities.partSize)
        var lease = budget.open(for: client)
        let sender = PartSender()
        do throws(ServiceError) {
            while var chunk = try await next(body) {
                while chunk.readableBytes > 0 {
                    if receiver.isPartFull {
                        // There is more than one part: this one can be sent while the next one comes.
                        if !sender.hasBegun, let header = receiver.header {
                            sender.begin(try await begin(target, header, .ofHeader(header, write: id)))
                        }
                        try await sender.send(receiver.takePart(), lease)
                        lease = budget.open(for: client)
                    }
                    try await grow(lease, receiver.pendingBytes + chunk.readableBytes)
                    try receiver.take(&chunk)
                    try await receiver.readHeader()
                }
            }
            let info = try await receiver.finish()
            guard sender.hasBegun else {
                return ReceivedUpload(
                    bytes: .whole(receiver.takePart()), info: info, size: receiver.bytes, lease: lease)
            }
            try await sender.send(receiver.takePart(), lease)
            let upload = try await sender.finish()
            return ReceivedUpload(bytes: .parts(upload), info: info, size: receiver.bytes, lease: lease)
        } catch {
            await sender.abort()
            throw error
        }
    }

    func next(_ body: UploadBody) async throws(ServiceError) -> ByteBuffer? {
        do {
            return try await body()
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .body(error)
        }
    }

    /// Buffers grow in powers of two, so powers of two are counted.
    func grow(_ lease: UploadBudget<ClientIdentity>.Lease, _ bytes: Int) async throws(ServiceError) {
        let wanted = min(bytes, storage.capabilities.partSize)
        let capacity = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        do {
            try await lease.grow(
                to: min(max(capacity, wanted), budget.partBytes), deadline: clock.now() + Self.memoryTimeout)
        } catch {
            throw ServiceError(error)
        }
    }

    func begin(
        _ target: UploadTarget, _ info: ImageInfo, _ record: ImageRecord
    ) async throws(ServiceError) -> any MultipartUpload {
        let path = try target.path(for: info.format)
        let options = UploadOptions(
            contentType: info.format.capabilities.mediaType, metadata: record.metadata)
        do {
            return try await storage.beginUpload(path.key, options: options)
        } catch {
            throw ServiceError(error)
        }
    }
}
