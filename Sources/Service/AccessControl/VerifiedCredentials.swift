import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// Credentials that were verified lately, so that an event loop can judge a hit without a signature. Bounded in bytes;
/// a reload of keys empties it.
final class VerifiedCredentials: Sendable {
    private struct State {
        var identities: [ByteBuffer: Identity] = [:]
        var order = Deque<ByteBuffer>()
        var bytes = 0
        var generation: UInt64 = 0
    }

    private static let maximumBytes = 4 << 20
    /// What an entry costs besides its credential.
    private static let overhead = 512

    private let state = NIOLockedValueBox(State())

    /// Changes with every reload. Read it before a credential is verified.
    var generation: UInt64 { state.withLockedValue { $0.generation } }

    func identity(of credential: ByteBuffer, now: Int64) -> Identity? {
        guard let identity = state.withLockedValue({ $0.identities[credential] }) else { return nil }
        guard identity.expires.map({ now < $0 }) ?? true else { return nil }
        return identity
    }

    /// Keeps the result of a verification that began under this generation.
    func keep(_ identity: Identity, of credential: ByteBuffer, generation: UInt64) {
        state.withLockedValue { state in
            guard state.generation == generation else { return }
            guard state.identities.updateValue(identity, forKey: credential) == nil else { return }
            state.order.append(credential)
            state.bytes += credential.readableBytes + Self.overhead
            while state.bytes > Self.maximumBytes, let oldest = state.order.popFirst() {
                state.identities[oldest] = nil
                state.bytes -= oldest.readableBytes + Self.overhead
            }
        }
    }

    func removeAll() {
        state.withLockedValue { state in
            state = State(generation: state.generation + 1)
        }
    }
}
