import NIOConcurrencyHelpers
import NIOCore

/// What event loops were granted lately, so that they need not parse a target, hash a key or verify a signature for
/// each hit. Bounded in bytes.
///
/// A grant is found under the bytes of the target and the credential, the keys that were in force, and the minute. So
/// after a reload of keys or policies, and in the next minute, everything is judged anew.
final class QuickDecisions: Sendable {
    struct Key: Hashable, Sendable {
        var target: ByteBuffer
        var authorization: ByteBuffer?
        /// Changes with every reload of keys or policies.
        var generation: UInt64
        var minute: Int64
    }

    private typealias Shard = GenerationalCache<Key, (grant: RequestGrant, until: Int64)>

    /// All loops look here for every hit, so they should not wait for each other.
    private static let shardCount = 16
    private static let shardBytes = 256 << 10
    /// What an entry costs besides its bytes.
    private static let overhead = 256

    private let shards = (0..<shardCount).map { _ in
        NIOLockedValueBox(Shard(bytes: shardBytes))
    }

    /// - Parameter now: Unix seconds.
    func grant(_ key: Key, now: Int64) -> RequestGrant? {
        shard(key).withLockedValue { shard in
            guard let (grant, until) = shard.value(for: key), now < until else { return nil }
            return grant
        }
    }

    /// - Parameter until: Unix seconds: when the credential or the signature ends.
    func keep(_ grant: RequestGrant, _ key: Key, until: Int64) {
        var key = key
        // Copies: slices would keep all that was read from the socket.
        key.target = ByteBuffer(bytes: key.target.readableBytesView)
        key.authorization = key.authorization.map { ByteBuffer(bytes: $0.readableBytesView) }
        let bytes = key.target.readableBytes + (key.authorization?.readableBytes ?? 0) + Self.overhead
        shard(key).withLockedValue { shard in
            // Another loop may have been faster.
            if shard.value(for: key) == nil { shard.set(key, (grant, until), bytes: bytes) }
        }
    }

    /// By the ends of the two, where they differ most.
    private func shard(_ key: Key) -> NIOLockedValueBox<Shard> {
        let sum = [key.target, key.authorization ?? ByteBuffer()].reduce(0) { sum, bytes in
            bytes.readableBytesView.suffix(8).reduce(sum) { $0 &* 31 &+ Int($1) }
        }
        return shards[sum & (Self.shardCount - 1)]
    }
}
