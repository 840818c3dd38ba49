import AccessControl
import ImageService
import NIOConcurrencyHelpers
import NIOCore

/// Whose credential an event loop has seen lately, so that it need not hash a key or look up a token for each hit.
/// Bounded in bytes. As with ``QuickDecisions``, a reload of keys and the next minute begin anew.
final class KnownClients: Sendable {
    private struct Key: Hashable, Sendable {
        var authorization: ByteBuffer
        var generation: UInt64
        var minute: Int64
    }

    private typealias Shard = GenerationalCache<Key, ClientIdentity>

    private static let shardCount = 16
    private static let shardBytes = 64 << 10
    /// What an entry costs besides its bytes.
    private static let overhead = 128

    private let access: AccessControl?
    private let shards = (0..<shardCount).map { _ in NIOLockedValueBox(Shard(bytes: shardBytes)) }

    /// - Parameter access: The credentials that are configured; nil: none, so nobody is known by one.
    init(_ access: AccessControl?) {
        self.access = access
    }

    /// The owner of a credential that has been verified before; nil: nobody is named, and the address counts.
    ///
    /// - Parameters:
    ///   - authorization: The value of the Authorization field.
    ///   - now: Unix seconds.
    func owner(of authorization: ByteBuffer, now: Int64) -> ClientIdentity? {
        guard let access else { return nil }
        let key = Key(authorization: authorization, generation: access.generation, minute: now / 60)
        let shard = shard(authorization)
        if let known = shard.withLockedValue({ $0.value(for: key) }) { return known }
        guard let credential = Credential(authorization: authorization.readableBytesView),
            let owner = access.knownIdentity(of: credential, now: now).flatMap({ ClientIdentity($0) })
        else { return nil }
        // A copy: a slice would keep all that was read from the socket.
        let kept = Key(
            authorization: ByteBuffer(bytes: authorization.readableBytesView), generation: key.generation,
            minute: key.minute)
        shard.withLockedValue { shard in
            // Another loop may have been faster.
            if shard.value(for: kept) == nil {
                shard.set(kept, owner, bytes: kept.authorization.readableBytes + Self.overhead)
            }
        }
        return owner
    }

    private func shard(_ authorization: ByteBuffer) -> NIOLockedValueBox<Shard> {
        let sum = authorization.readableBytesView.suffix(8).reduce(0) { $0 &* 31 &+ Int($1) }
        return shards[sum & (Self.shardCount - 1)]
    }
}

extension ClientIdentity {
    /// The owner of a credential; nil if a token names no subject: then the address is all that is known.
    init?(_ identity: Identity) {
        switch identity.name {
        case .key(let name): self = .key(name)
        case .subject(let subject?) where !subject.isEmpty: self = .subject(subject)
        case .subject: return nil
        }
    }
}
