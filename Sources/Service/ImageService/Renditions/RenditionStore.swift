import ImageCodecs
import ImageModel
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Rendering
import TaskSupport

/// Finished renditions in the store. Every replica looks there before it renders, and each rendition is written once.
struct RenditionStore: Sendable {
    private let objects: DerivedObjects
    private let maximumPerImage: Int
    private let lease: RenditionLease
    private let pendingBytes = PendingBytes()
    private let counts = StoredCounts()

    init(objects: DerivedObjects, keeping: RenditionStoreOptions) {
        self.objects = objects
        maximumPerImage = keeping.maximumPerImage
        lease = RenditionLease(objects: objects, timeout: keeping.lease)
    }

    /// Longer files are not kept: memory would not keep them either.
    static let maximumBytes = 4 << 20

    static func canKeep(_ bytes: ByteBuffer) -> Bool { bytes.readableBytes <= maximumBytes }

    /// How the names of renditions begin, whichever renderer made them.
    static let kind = "rendition-"
    /// How the names of this renderer's renditions begin.
    static let start = "\(kind)\(Renderer.revision)-"

    /// The name of a rendition's object.
    ///
    /// - Parameter text: the canonical request, renderer revision included.
    private static func name(_ text: String) -> String { start + StoredImage.digest(text) }

    /// The rendition in the store, with its body still to be read; nil if there is none.
    ///
    /// - Throws: ``StorageError`` if the store is away.
    func get(_ text: String, of version: OriginalVersion) async throws(StorageError) -> GetResult? {
        guard let got = try await objects.get(Self.name(text), of: version), got.info.size <= Self.maximumBytes else {
            return nil
        }
        return got
    }

    /// Removes an object that turned out not to be a picture.
    func discard(_ text: String, of version: OriginalVersion) async {
        await objects.remove(Self.name(text), of: version)
    }

    /// What the store has of a rendition.
    enum Lookup: Sendable {
        case found(GetResult)
        /// It is in no store: render it, then persist it with the claim.
        case missing(Claim)
    }

    /// Looks whether the rendition is there, and if not, who renders it. With leases, waits here for another replica.
    ///
    /// - Throws: ``StorageError`` if the store is away, or the task is cancelled.
    func lookUp(_ text: String, of version: OriginalVersion) async throws(StorageError) -> Lookup {
        if let got = try await get(text, of: version) { return .found(got) }
        guard lease.isOn else { return .missing(Claim(text: text, version: version, holdsLease: false)) }
        let holds = try await lease.take(text, of: version) { () async throws(StorageError) -> GetResult? in
            try await get(text, of: version)
        }
        switch holds {
        case .found(let got): return .found(got)
        case .held: return .missing(Claim(text: text, version: version, holdsLease: true))
        case .without: return .missing(Claim(text: text, version: version, holdsLease: false))
        }
    }

    /// The right to render. ``persist(_:with:isLimited:ended:)`` gives it back.
    struct Claim: Sendable {
        fileprivate var text: String
        fileprivate var version: OriginalVersion
        fileprivate var holdsLease: Bool
    }

    /// Writes what was rendered, in the background: only replicas that wait for the lease wait for it. Nil: rendering
    /// failed.
    ///
    /// - Parameters:
    ///   - isLimited: whether it counts for the limit of one version.
    ///   - ended: called with whether it is in the store now, and who put it there.
    func persist(
        _ claim: Claim, with bytes: ByteBuffer?, isLimited: Bool,
        ended: @escaping @Sendable (DerivedObjects.StoreOutcome) async -> Void
    ) {
        let size = bytes?.readableBytes ?? 0
        let bytes = bytes.flatMap { Self.canKeep($0) && pendingBytes.take(size) ? $0 : nil }
        guard bytes != nil || claim.holdsLease else { return }
        objects.tasks.start {
            if let bytes {
                let outcome = await keep(bytes, claim, isLimited: isLimited)
                pendingBytes.give(size)
                await ended(outcome)
            }
            if claim.holdsLease { lease.release(claim.text, of: claim.version) }
        }
    }

    /// Writes an intermediate, in the background, without a claim: another writer would have made the same. It does not
    /// count for the limit.
    func persistIntermediate(_ bytes: ByteBuffer, _ text: String, of version: OriginalVersion) {
        persist(Claim(text: text, version: version, holdsLease: false), with: bytes, isLimited: false) { _ in }
    }

    private func keep(_ bytes: ByteBuffer, _ claim: Claim, isLimited: Bool) async -> DerivedObjects.StoreOutcome {
        guard let format = ImageFormat.detect(bytes.readableBytesSpan) else { return .failed }
        if isLimited {
            guard await takePlace(claim.version) else { return .failed }
        }
        let outcome = await objects.keep(
            bytes, as: Self.name(claim.text), of: claim.version, contentType: format.capabilities.mediaType)
        if isLimited, outcome != .stored { counts.change(claim.version, by: -1) }
        return outcome
    }

    /// Takes one of the version's places, if any is left. The store is asked for the count once. What other replicas
    /// write after that is not noticed, so at worst each replica has the limit for itself.
    private func takePlace(_ version: OriginalVersion) async -> Bool {
        if !counts.isKnown(version) {
            // If the store does not allow a listing, the count starts at zero.
            do throws(StorageError) {
                let count = try await objects.count(of: version, beginningWith: Self.start, upTo: maximumPerImage)
                counts.learn(version, count)
            } catch {
                guard !error.isOutage else { return false }
                counts.learn(version, 0)
            }
        }
        return counts.take(version, of: maximumPerImage)
    }
}

/// Limits how much may be on its way to the store. If the store is slow, renditions are dropped and do not pile up:
/// readers come first.
private final class PendingBytes: Sendable {
    private static let limit = 32 << 20
    /// Half of the threads that local files have: each write waits for the disk, and readers need a thread.
    private static let maximumWrites = 4
    private let used = NIOLockedValueBox((bytes: 0, writes: 0))

    func take(_ bytes: Int) -> Bool {
        used.withLockedValue { used in
            guard bytes <= Self.limit - used.bytes, used.writes < Self.maximumWrites else { return false }
            used = (used.bytes + bytes, used.writes + 1)
            return true
        }
    }

    func give(_ bytes: Int) { used.withLockedValue { $0 = ($0.bytes - bytes, $0.writes - 1) } }
}

/// How many objects of a version are known to be stored, for recently used versions.
private final class StoredCounts: Sendable {
    private static let limit = 10_000
    private let counts = NIOLockedValueBox<[OriginalVersion: Int]>([:])

    func isKnown(_ version: OriginalVersion) -> Bool { counts.withLockedValue { $0[version] != nil } }

    /// A count that another task has set meanwhile is newer.
    func learn(_ version: OriginalVersion, _ count: Int) {
        counts.withLockedValue { counts in
            // Forgotten versions are counted again.
            if counts.count >= Self.limit { counts.removeAll() }
            if counts[version] == nil { counts[version] = count }
        }
    }

    func take(_ version: OriginalVersion, of maximum: Int) -> Bool {
        counts.withLockedValue { counts in
            guard let count = counts[version], count < maximum else { return false }
            counts[version] = count + 1
            return true
        }
    }

    func change(_ version: OriginalVersion, by change: Int) {
        counts.withLockedValue { counts in
            if let count = counts[version] { counts[version] = count + change }
        }
    }
}
