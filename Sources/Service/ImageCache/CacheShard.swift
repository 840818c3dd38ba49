import NIOConcurrencyHelpers
import Synchronization

/// A part of the cache with a lock of its own.
final class CacheShard<Current: Sendable>: Sendable {
    /// Counts changes to any path here, and to its bodies.
    let changes = CacheGeneration()
    private let state: NIOLockedValueBox<CacheState<Current>>
    /// Bytes of each kind in this shard. The search for the fullest shard reads them without the lock.
    private let originalBytes = Synchronization.Atomic(0)
    private let renditionBytes = Synchronization.Atomic(0)

    init(
        answerBytes: Int, _ replaces: @escaping @Sendable (Current, Current) -> Bool,
        _ confirms: @escaping @Sendable (inout Current, Current) -> Bool
    ) {
        state = NIOLockedValueBox(CacheState(answerLimit: answerBytes, replaces: replaces, confirms: confirms))
    }

    func bytes(of kind: BodyKind) -> Int {
        switch kind {
        case .original: originalBytes.load(ordering: .relaxed)
        case .rendition: renditionBytes.load(ordering: .relaxed)
        }
    }

    /// The caller releases what `body` returns, outside the lock.
    func with<Result>(_ body: (inout CacheState<Current>) -> Result) -> Result {
        state.withLockedValue { state in
            defer {
                // Mostly nothing has changed, and a write would take the cache line from the other cores.
                publish(state.originals.bytes, in: originalBytes)
                publish(state.renditions.bytes, in: renditionBytes)
            }
            return body(&state)
        }
    }

    /// The same, if `body` may change what a reader is answered.
    func change<Result>(_ body: (inout CacheState<Current>) -> Result) -> Result {
        with { state in
            defer { changes.raise() }
            return body(&state)
        }
    }

    private func publish(_ bytes: Int, in place: borrowing Synchronization.Atomic<Int>) {
        if place.load(ordering: .relaxed) != bytes { place.store(bytes, ordering: .relaxed) }
    }
}
