import Crypto
import Testing

@testable import AccessControl

/// The rules of refreshing, without tasks.
@Suite struct KeySourceStateTests {
    private let start = ContinuousClock.now
    private let ed = SigningKey.ed25519()

    private func fetched() async throws -> KeySourceState.Fetched {
        let bytes = keySet(ed.jwk())
        return KeySourceState.Fetched(keys: try await TokenKeys(jwks: bytes), digest: SHA256.hash(data: bytes))
    }

    /// A source whose methods can be called within an expectation.
    private final class Box {
        var state = KeySourceState(secrets: TokenKeys(), fileKeys: TokenKeys())

        var keys: TokenKeys { state.keys }
        var generation: UInt64 { state.generation }

        func ask(_ reason: KeySourceState.Reason, at now: ContinuousClock.Instant) -> KeySourceState.Decision {
            state.ask(reason, at: now)
        }

        func finish(_ fetched: KeySourceState.Fetched?, at now: ContinuousClock.Instant) {
            state.finish(fetched, at: now)
        }

        func dropStale(at now: ContinuousClock.Instant) -> Bool { state.dropStale(at: now) }
    }

    @Test func oneAtATime() {
        let source = Box()
        #expect(source.ask(.scheduled, at: start) == .start)
        #expect(source.ask(.scheduled, at: start) == .join && source.ask(.unknownKey, at: start) == .join)
        source.finish(nil, at: start)
        #expect(source.ask(.scheduled, at: start) == .start)
    }

    /// Only refreshes for unknown keys count: the one in the background may have come just before the key was added.
    @Test func onceAMinute() {
        let source = Box()
        _ = source.ask(.scheduled, at: start)
        source.finish(nil, at: start)
        #expect(source.ask(.unknownKey, at: start) == .start)
        source.finish(nil, at: start + .seconds(5))
        #expect(source.ask(.unknownKey, at: start + .seconds(5)) == .tooSoon)
        #expect(source.ask(.unknownKey, at: start + .seconds(60) - .nanoseconds(1)) == .tooSoon)
        #expect(source.ask(.unknownKey, at: start + .seconds(60)) == .start)
    }

    /// One that only waits for a refresh does not use up the minute.
    @Test func joiningIsFree() {
        let source = Box()
        _ = source.ask(.scheduled, at: start)
        #expect(source.ask(.unknownKey, at: start) == .join)
        source.finish(nil, at: start)
        #expect(source.ask(.unknownKey, at: start) == .start)
    }

    @Test func generations() async throws {
        let source = Box()
        #expect(source.generation == 1)
        let fetched = try await fetched()
        source.finish(fetched, at: start)
        #expect(source.generation == 2 && source.keys.count == 1)
        // The same bytes, and a failure: nothing changes.
        source.finish(fetched, at: start)
        source.finish(nil, at: start)
        #expect(source.generation == 2 && source.keys.count == 1)
        source.state.replace(secrets: try await secretKeys())
        #expect(source.generation == 3 && source.keys.count == 2)
        source.state.replace(fileKeys: try await TokenKeys(jwks: keySet(SigningKey.p256().jwk())))
        #expect(source.generation == 4 && source.keys.count == 3)
        source.state.replace(secrets: TokenKeys())
        #expect(source.generation == 5 && source.keys.count == 2)
    }

    @Test func droppedAfterADay() async throws {
        let source = Box()
        #expect(!source.dropStale(at: start + .seconds(1_000_000)))
        let day: Duration = .seconds(24 * 3_600)
        let fetched = try await fetched()
        source.finish(fetched, at: start)
        // A success with the same bytes counts.
        source.finish(fetched, at: start + .seconds(100))
        source.finish(nil, at: start + .seconds(200))
        #expect(!source.dropStale(at: start + day + .seconds(100) - .nanoseconds(1)))
        #expect(source.keys.count == 1 && source.generation == 2)
        #expect(source.dropStale(at: start + day + .seconds(100)))
        #expect(source.keys.isEmpty && source.generation == 3)
        #expect(!source.dropStale(at: start + day + .seconds(100)) && source.generation == 3)
        // The same bytes once more are news again.
        source.finish(fetched, at: start + day + .seconds(101))
        #expect(source.keys.count == 1 && source.generation == 4)
    }

    @Test func wakes() async throws {
        let source = Box()
        #expect(source.state.nextWake(after: start) == start + .seconds(60))
        source.finish(try await fetched(), at: start)
        #expect(source.state.nextWake(after: start + .seconds(7)) == start + .seconds(307))
        let day: Duration = .seconds(24 * 3_600)
        #expect(source.state.nextWake(after: start + day - .seconds(10)) == start + day)
    }
}
