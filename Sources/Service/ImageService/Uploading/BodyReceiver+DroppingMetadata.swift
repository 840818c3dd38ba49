import Admission
import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage
import TaskSupport

/// Receives uploads whose metadata are dropped, by the UPLOAD_METADATA setting.
extension BodyReceiver {
    /// Metadata are dropped from a whole file in memory, even if it is longer than a part. The memory for all of it is
    /// reserved at once, before the first byte or as soon as its length is known. So two uploads never wait for each
    /// other with half of their memory.
    func receiveWhole(
        _ target: UploadTarget, id: WriteID, declared: Int64?, for client: ClientIdentity, _ body: UploadBody
    ) async throws(ServiceError) -> ReceivedUpload {
        let partSize = storage.capabilities.partSize
        var receiver = UploadReceiver(limits: limits, partSize: .max)
        let lease = budget.open(for: client)
        let longest = Int(clamping: min(declared ?? limits.maximumBytes, limits.maximumBytes))
        var reservation: ByteBudget<ClientIdentity>.Reservation?
        if declared != nil, longest > partSize {
            reservation = try await admitWhole(longest, for: client)
            receiver.reserve(longest)
        }
        while var chunk = try await next(body) {
            let wanted = receiver.pendingBytes + chunk.readableBytes
            if reservation == nil, wanted <= partSize {
                try await grow(lease, wanted)
            } else if reservation == nil {
                reservation = try await admitWhole(max(longest, wanted), for: client)
                receiver.reserve(max(longest, wanted))
                lease.release()
            }
            try receiver.take(&chunk)
            try await receiver.readHeader()
        }
        let found = try await receiver.finish()
        let file = receiver.takePart()
        let (policy, codec) = (limits.metadata, limits.codec)
        // The new file twice, as it is made and as it is kept, and the pieces that it is made from.
        let rewritten = try await workers.run(
            bytes: 3 * file.readableBytes + 1 << 20, in: nil, use: "Changing this file's metadata"
        ) { _ -> Rewritten? in
            let info = try ImageHeader.read(file.readableBytesSpan, limits: codec)
            let changed = try policy.apply(to: file.readableBytesSpan, info: info, limits: codec)
            guard let bytes = changed else { return nil }
            let header = try ImageHeader.read(bytes.span.bytes, limits: codec)
            return Rewritten(bytes: ByteBuffer(bytes: bytes), info: header)
        }
        let bytes = rewritten?.bytes ?? file
        var sent = ReceivedUpload(
            bytes: .whole(bytes), info: rewritten?.info ?? found, size: Int64(bytes.readableBytes), lease: lease,
            reservation: reservation)
        if bytes.readableBytes > partSize {
            sent.bytes = .parts(try await sendParts(of: bytes, target, sent.info, id: id, for: client))
        }
        return sent
    }

    /// Each part has the store's whole timeout; a single write would have it only once.
    private func sendParts(
        of file: ByteBuffer, _ target: UploadTarget, _ info: ImageInfo, id: WriteID, for client: ClientIdentity
    ) async throws(ServiceError) -> any MultipartUpload {
        let sender = PartSender()
        do throws(ServiceError) {
            sender.begin(try await begin(target, info, ImageRecord(image: info, writes: [id])))
            var rest = file
            while rest.readableBytes > 0 {
                let part = rest.readSlice(length: min(storage.capabilities.partSize, rest.readableBytes))
                // Its bytes are counted with the whole file's.
                if let part { try await sender.send(part, budget.open(for: client)) }
            }
            return try await sender.finish()
        } catch {
            await sender.abort()
            throw error
        }
    }

    /// A file without the metadata that the policy drops.
    private struct Rewritten: Sendable {
        var bytes: ByteBuffer
        var info: ImageInfo
    }

    private func admitWhole(
        _ bytes: Int, for client: ClientIdentity
    ) async throws(ServiceError) -> ByteBudget<ClientIdentity>.Reservation {
        do {
            return try await rewriting.acquire(bytes, for: client, deadline: clock.now() + Self.memoryTimeout)
        } catch .exceedsBudget(let limit) {
            throw .beyondLimit(
                "Dropping metadata takes this upload into memory: it may have \(bytes) bytes; at most \(limit) fit.")
        } catch {
            throw ServiceError(error)
        }
    }
}
