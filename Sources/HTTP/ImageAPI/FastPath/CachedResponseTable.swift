import ImageRequests
import ImageService
import NIOConcurrencyHelpers
import NIOCore

/// The cached responses of all event loops, within a number of bytes. There is one entry for each request target and
/// each choice by Accept. Entries that were not used recently are evicted first.
///
/// The entries of a target are in one set of eight slots, found by its hash. So a lookup compares eight short tags.
/// Targets with equal hashes, by chance or on purpose, only evict each other.
final class CachedResponseTable: Sendable {
    fileprivate struct Set {
        var tags = SIMD8<UInt32>(repeating: 0)
        /// Which entries were used since the clock hand passed.
        var used: UInt8 = 0
        var hand: UInt8 = 0
    }

    fileprivate struct Shard {
        var sets: [Set] = []
        var entries: [CachedResponse?] = []
        var bytes = 0
        /// The set to evict from next, if bytes are needed.
        var hand = 0
    }

    let shapes = HeadShapes()
    let hash = TargetHash()
    private let shards: [NIOLockedValueBox<Shard>]
    private let setsOfShard: Int
    private let memory: RequestMemory

    private static let shardCount = 16
    fileprivate static let places = 8
    /// The size of a typical entry. Each shard gets enough sets for as many of these as its bytes allow.
    private static let usualBytes = 512
    /// The most sets of a shard, because an event loop creates them at once: two million entries in total.
    private static let maximumSets = 16_384
    private static let bytesOfPlace = MemoryLayout<CachedResponse?>.stride + MemoryLayout<Set>.stride / places

    init(_ memory: RequestMemory) {
        self.memory = memory
        let entries = max(0, memory.limit) / Self.usualBytes
        self.setsOfShard = min(entries / (Self.shardCount * Self.places), Self.maximumSets)
        self.shards = (0..<Self.shardCount).map { _ in NIOLockedValueBox(Shard()) }
    }

    /// The number of entries, for tests.
    var count: Int { self.shards.reduce(0) { $0 + $1.withLockedValue { $0.entries.count { $0 != nil } } } }

    private func shard(_ hash: UInt64) -> NIOLockedValueBox<Shard> {
        self.shards[Int(truncatingIfNeeded: hash >> 60)]
    }

    private func set(_ hash: UInt64) -> Int {
        Int(((hash & 0xFFFF_FFFF) &* UInt64(self.setsOfShard)) >> 32)
    }

    /// Never 0, which means no entry.
    private func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 28) | 1 }

    /// - Parameter accept: The result of the request's Accept; nil if unknown.
    func entry(_ target: UnsafeRawBufferPointer, hash: UInt64, accept: Accept?) -> CachedResponse? {
        guard self.setsOfShard > 0 else { return nil }
        let (index, tag) = (self.set(hash), self.tag(hash))
        return self.shard(hash).withLockedValue { shard in
            guard index < shard.sets.count else { return nil }
            let tags = shard.sets[index].tags
            for place in 0..<Self.places where tags[place] == tag {
                guard let entry = shard.entries[index * Self.places + place], entry.isOf(target),
                    entry.accept == nil || entry.accept == accept
                else { continue }
                shard.sets[index].used |= 1 << UInt8(place)
                return entry
            }
            return nil
        }
    }

    /// Stores an entry, and replaces the one for the same request.
    func set(_ entry: CachedResponse, _ target: UnsafeRawBufferPointer, hash: UInt64) {
        guard self.setsOfShard > 0, entry.bytes <= self.memory.limit / Self.shardCount else { return }
        let (index, tag) = (self.set(hash), self.tag(hash))
        let (gone, change) = self.shard(hash).withLockedValue { shard in
            let before = shard.bytes
            if shard.sets.isEmpty {
                shard.sets = Array(repeating: Set(), count: self.setsOfShard)
                shard.entries = Array(repeating: nil, count: self.setsOfShard * Self.places)
                shard.bytes = self.setsOfShard * Self.places * Self.bytesOfPlace
            }
            var gone: [CachedResponse] = []
            let place = shard.place(for: entry, target, tag, in: index)
            if let old = shard.remove(index, place) { gone.append(old) }
            shard.sets[index].tags[place] = tag
            shard.entries[index * Self.places + place] = entry
            shard.sets[index].used |= 1 << UInt8(place)
            shard.bytes += entry.bytes
            let limit = self.memory.limit / Self.shardCount
            while shard.bytes > limit, let old = shard.evict(but: entry) { gone.append(old) }
            return (gone, shard.bytes - before)
        }
        self.memory.change(by: change)
        _ = gone
    }
}

extension CachedResponseTable.Shard {
    /// The slot of the entry for the same request, an empty slot, or the first slot that was not used recently.
    fileprivate mutating func place(
        for entry: CachedResponse, _ target: UnsafeRawBufferPointer, _ tag: UInt32, in index: Int
    ) -> Int {
        let places = CachedResponseTable.places
        for place in 0..<places where self.sets[index].tags[place] == tag {
            if let old = self.entries[index * places + place], old.isOf(target), old.accept == entry.accept {
                return place
            }
        }
        for place in 0..<places where self.sets[index].tags[place] == 0 { return place }
        while true {
            let place = Int(self.sets[index].hand)
            self.sets[index].hand = UInt8((place + 1) % places)
            let bit = UInt8(1) << UInt8(place)
            if self.sets[index].used & bit == 0 { return place }
            self.sets[index].used &= ~bit
        }
    }

    fileprivate mutating func remove(_ index: Int, _ place: Int) -> CachedResponse? {
        let at = index * CachedResponseTable.places + place
        guard let old = self.entries[at] else { return nil }
        self.entries[at] = nil
        self.sets[index].tags[place] = 0
        self.sets[index].used &= ~(1 << UInt8(place))
        self.bytes -= old.bytes
        return old
    }

    /// Evicts an entry that was not used since the hand passed. Nil if there is no other entry.
    fileprivate mutating func evict(but kept: CachedResponse) -> CachedResponse? {
        // The first round clears the marks, so the second round finds an entry.
        for _ in 0..<2 * self.sets.count {
            let index = self.hand
            let set = self.sets[index]
            for place in 0..<CachedResponseTable.places
            where set.tags[place] != 0 && set.used & (1 << UInt8(place)) == 0 {
                guard self.entries[index * CachedResponseTable.places + place] !== kept else { continue }
                return self.remove(index, place)
            }
            self.sets[index].used = 0
            self.hand = (index + 1) % self.sets.count
        }
        return nil
    }
}

/// Hashes request targets: fast, and unpredictable for those who choose the targets.
struct TargetHash: Sendable {
    private let seed: (UInt64, UInt64)

    init() {
        var random = SystemRandomNumberGenerator()
        self.seed = (random.next() | 1, random.next() | 1)
    }

    /// Combines eight bytes at a time by a multiplication. Both halves of the product count.
    func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = self.seed.0 ^ UInt64(bytes.count)
        var at = 0
        while at + 8 <= bytes.count {
            hash = self.fold(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        var last: UInt64 = 0
        while at < bytes.count {
            last = last << 8 | UInt64(bytes[at])
            at += 1
        }
        return self.fold(self.fold(hash ^ last))
    }

    private func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: self.seed.1)
        return product.high ^ product.low ^ self.seed.0
    }
}
