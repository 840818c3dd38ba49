import NIOConcurrencyHelpers
import Synchronization

/// A part of the cache behind a lock of its own.
final class CacheShard<Current: Sendable>: Sendable {
    /// Of what is known here of any path, and of its bodies.
    let changes = CacheGeneration()
    private let state: NIOLockedValueBox<CacheState<Current>>
    /// What it keeps of each kind, to be read without the lock by who looks for the fullest shard.
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

    /// What `body` returns is let go by the caller, outside the lock.
    func with<Result>(_ body: (inout CacheState<Current>) -> Result) -> Result {
        state.withLockedValue { state in
            defer {
                // Mostly nothing has changed, and to write would take the line from the other cores.
                publish(state.originals.bytes, in: originalBytes)
                publish(state.renditions.bytes, in: renditionBytes)
            }
            return body(&state)
        }
    }

    /// The same, where `body` may change what a reader is answered.
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
