import ImageCodecs
import ImageModel
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage

/// Finished renditions in the store: found there by every replica before anyone renders, and written once.
struct KeptRenditions: Sendable {
    private let objects: DerivedObjects
    private let maximumPerImage: Int
    private let lease: RenditionLease
    private let room = KeepingRoom()
    private let counts = KeptCounts()

    init(objects: DerivedObjects, keeping: RenditionKeeping) {
        self.objects = objects
        maximumPerImage = keeping.maximumPerImage
        lease = RenditionLease(objects: objects, patience: keeping.lease)
    }

    /// One write of one part: nothing longer is kept.
    private static let maximumBytes = 8 << 20

    /// The name of a rendition's object.
    ///
    /// - Parameter text: the canonical request, renderer revision included.
    private static func name(_ text: String) -> String { "rendition-\(StoredImage.digest(text))" }

    /// The rendition as it lies in the store, with its body still to be read; nil where there is none.
    ///
    /// - Throws: ``StorageError`` where the store is away.
    func find(_ text: String, of version: OriginalVersion) async throws(StorageError) -> GetResult? {
        guard let got = try await objects.get(Self.name(text), of: version), got.info.size <= Self.maximumBytes else {
            return nil
        }
        return got
    }

    /// Removes what has turned out to be no picture.
    func discard(_ text: String, of version: OriginalVersion) async {
        await objects.remove(Self.name(text), of: version)
    }

    func contains(_ text: String, of version: OriginalVersion) async -> Bool {
        await objects.exists(Self.name(text), of: version)
    }

    /// What somebody who needs a rendition is to do.
    enum Turn: Sendable {
        case take(GetResult)
        /// Nobody has it: it is to be rendered, and the claim to be ended.
        case render(Claim)
    }

    /// Whether the rendition is there, and else who renders it. With leases a replica waits here for another one.
    ///
    /// - Throws: ``StorageError`` where the store is away, or the task is cancelled.
    func claim(_ text: String, of version: OriginalVersion) async throws(StorageError) -> Turn {
        if let got = try await find(text, of: version) { return .take(got) }
        guard lease.isOn else { return .render(Claim(text: text, version: version, holdsLease: false)) }
        let holds = try await lease.take(text, of: version) { () async throws(StorageError) -> GetResult? in
            try await find(text, of: version)
        }
        switch holds {
        case .found(let got): return .take(got)
        case .held: return .render(Claim(text: text, version: version, holdsLease: true))
        case .without: return .render(Claim(text: text, version: version, holdsLease: false))
        }
    }

    /// The right to render, which ``end(_:with:lost:)`` gives back.
    struct Claim: Sendable {
        fileprivate var text: String
        fileprivate var version: OriginalVersion
        fileprivate var holdsLease: Bool
    }

    /// Keeps what was rendered, in the background: nobody waits for it but replicas with a lease. Nil: rendering failed.
    ///
    /// - Parameter lost: called where another replica was first, whose bytes are the ones to serve from now on.
    func end(_ claim: Claim, with bytes: ByteBuffer?, lost: @escaping @Sendable () async -> Void = {}) {
        let size = bytes?.readableBytes ?? 0
        let isKept = bytes != nil && size <= Self.maximumBytes && room.take(size)
        guard isKept || claim.holdsLease else { return }
        Task {
            if let bytes, isKept {
                if await keep(bytes, claim) == .existed { await lost() }
                room.give(size)
            }
            if claim.holdsLease { await lease.release(claim.text, of: claim.version) }
        }
    }

    private func keep(_ bytes: ByteBuffer, _ claim: Claim) async -> DerivedObjects.Kept {
        guard let format = ImageFormat.detect(bytes.readableBytesSpan), await hasRoom(claim.version) else {
            return .failed
        }
        let kept = await objects.keep(
            bytes, as: Self.name(claim.text), of: claim.version, contentType: format.capabilities.mediaType)
        if kept == .kept { counts.add(to: claim.version) }
        return kept
    }

    /// Whether one more may be kept of this version. The store is asked for the first one; other replicas' are then
    /// missed, so that the limit is one of each replica at worst.
    private func hasRoom(_ version: OriginalVersion) async -> Bool {
        if let known = counts[version] { return known < maximumPerImage }
        guard let count = try? await objects.count(of: version, upTo: maximumPerImage) else { return false }
        counts[version] = count
        return count < maximumPerImage
    }
}

/// How many bytes may be on their way into the store: where it is slow, renditions are not kept rather than piled up.
private final class KeepingRoom: Sendable {
    private static let limit = 32 << 20
    private let used = NIOLockedValueBox(0)

    func take(_ bytes: Int) -> Bool {
        used.withLockedValue { used in
            guard bytes <= Self.limit - used else { return false }
            used += bytes
            return true
        }
    }

    func give(_ bytes: Int) { used.withLockedValue { $0 -= bytes } }
}

/// How many objects are known to be kept of a version, for the versions of late.
private final class KeptCounts: Sendable {
    private static let limit = 10_000
    private let counts = NIOLockedValueBox<[OriginalVersion: Int]>([:])

    subscript(version: OriginalVersion) -> Int? {
        get { counts.withLockedValue { $0[version] } }
        set {
            counts.withLockedValue { counts in
                // Who is forgotten is counted again.
                if counts.count >= Self.limit { counts.removeAll() }
                counts[version] = newValue
            }
        }
    }

    func add(to version: OriginalVersion) {
        counts.withLockedValue { counts in
            if let count = counts[version] { counts[version] = count + 1 }
        }
    }
}
