import Logging
import MetricsTestKit
import TestClock
import Testing

@testable import AccessControl

/// A source whose provider and clock are the test's.
@Suite(.timeLimit(.minutes(1))) struct TokenKeySourceTests {
    private let clock = ManualClock()
    private let metrics = TestMetrics()
    private let old = SigningKey.ed25519()
    private let new = SigningKey.ed25519()
    private let provider: Provider

    init() {
        provider = Provider(keySet(old.jwk(("kid", "old"))))
    }

    private func source(secrets: TokenKeys = TokenKeys()) -> TokenKeySource {
        TokenKeySource(
            secrets: secrets, remote: provider.keySet, logger: Logger(label: "test"), clock: clock.clock,
            factory: metrics)
    }

    /// Runs `body` while the source is kept fresh, from the moment on when its first refresh has ended.
    private func running(_ source: TokenKeySource, _ body: () async throws -> Void) async throws {
        let task = Task { await source.run() }
        await until { clock.sleeping == 1 }
        try await body()
        task.cancel()
        await task.value
    }

    private func advance(_ seconds: Int) async {
        clock.advance(by: .seconds(seconds))
        await until { clock.sleeping == 1 }
    }

    private func refreshes(_ result: String) throws -> Int64 {
        try metrics.expectCounter("tintype_jwks_refresh_total", [("result", result)]).totalValue
    }

    private func error(_ key: SigningKey, _ id: String, _ source: TokenKeySource) throws -> TokenError? {
        refusal(try key.token(.edDSA, id: id), source.current.keys)
    }

    @Test func everyFiveMinutes() async throws {
        let source = source()
        #expect(provider.fetches == 0 && source.current.keys.isEmpty)
        try await running(source) { () async throws in
            #expect(provider.fetches == 1 && source.generation == 2)
            #expect(try error(old, "old", source) == nil)
            provider.answer(keySet(new.jwk(("kid", "new"))))
            clock.advance(by: .seconds(299))
            #expect(clock.sleeping == 1 && provider.fetches == 1)
            await advance(1)
            #expect(provider.fetches == 2 && source.generation == 3)
            // The key that is gone is revoked.
            #expect(try error(old, "old", source) == .unknownKey("old"))
            #expect(try error(new, "new", source) == nil)
            await advance(300)
            #expect(provider.fetches == 3 && source.generation == 3)
            #expect(try refreshes("ok") == 3 && refreshes("failed") == 0)
        }
    }

    @Test func failuresKeepTheLastGoodSetForADay() async throws {
        let source = source()
        try await running(source) { () async throws in
            provider.fail(.status(503))
            for _ in 0..<(24 * 12 - 1) { await advance(300) }
            #expect(provider.fetches == 24 * 12 && source.generation == 2)
            #expect(try error(old, "old", source) == nil)
            await advance(300)
            #expect(source.generation == 3 && source.current.keys.isEmpty)
            #expect(try refreshes("ok") == 1 && refreshes("failed") == 288)
            // Without a set, it tries once a minute.
            await advance(60)
            #expect(provider.fetches == 290)
            provider.answer(keySet(old.jwk(("kid", "old"))))
            await advance(60)
            #expect(try error(old, "old", source) == nil)
        }
    }

    /// A wrong set is a failure: an empty one, or a page of a portal, must not lock everybody out.
    @Test(arguments: ["", "<html></html>", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct"}]}"#]) func wrongSets(
        _ text: String
    ) async throws {
        let source = source()
        try await running(source) { () async throws in
            provider.answer(Array(text.utf8))
            await advance(300)
            #expect(try error(old, "old", source) == nil && refreshes("failed") == 1)
            #expect(source.generation == 2)
        }
    }

    @Test func unknownKeyFetchesOnce() async throws {
        let source = source()
        try await running(source) { () async throws in
            provider.answer(keySet(old.jwk(("kid", "old")), new.jwk(("kid", "new"))))
            let generation = source.generation
            let fresh = try #require(await source.refresh(afterUnknownKeyIn: generation))
            #expect(
                refusal(try new.token(.edDSA, id: "new"), fresh.keys) == nil && fresh.generation == source.generation)
            #expect(provider.fetches == 2)
            // Who was refused with the keys before needs no refresh.
            #expect(await source.refresh(afterUnknownKeyIn: generation) != nil && provider.fetches == 2)
            // Within a minute there is no other one, whatever is asked for.
            for _ in 0..<100 { #expect(await source.refresh(afterUnknownKeyIn: source.generation) == nil) }
            clock.advance(by: .seconds(59))
            #expect(await source.refresh(afterUnknownKeyIn: source.generation) == nil)
            #expect(provider.fetches == 2)
            clock.advance(by: .seconds(1))
            // It has happened, but nothing has changed.
            #expect(await source.refresh(afterUnknownKeyIn: source.generation) == nil)
            #expect(provider.fetches == 3)
        }
    }

    @Test func oneFlight() async throws {
        let source = source()
        try await running(source) { () async throws in
            provider.hold()
            provider.answer(keySet(new.jwk(("kid", "new"))))
            let generation = source.generation
            let waiters = (0..<50).map { _ in
                Task { await source.refresh(afterUnknownKeyIn: generation)?.generation }
            }
            await until { provider.fetches == 2 && source.waiting == 50 }
            provider.release()
            for waiter in waiters { #expect(await waiter.value == generation + 1) }
            #expect(provider.fetches == 2)
        }
    }

    /// A client that leaves neither waits nor stops the refresh: otherwise nobody would get the new key for a minute.
    @Test func clientThatLeaves() async throws {
        let source = source()
        try await running(source) { () async throws in
            provider.hold()
            provider.answer(keySet(new.jwk(("kid", "new"))))
            let generation = source.generation
            let client = Task { await source.refresh(afterUnknownKeyIn: generation) == nil }
            await until { source.waiting == 1 }
            client.cancel()
            #expect(await client.value)
            provider.release()
            await until { source.generation == generation + 1 }
            #expect(provider.fetches == 2)
        }
    }

    @Test func withoutARemoteSet() async throws {
        let source = TokenKeySource(
            secrets: try await secretKeys(), logger: Logger(label: "test"), clock: clock.clock, factory: metrics)
        await source.run()
        #expect(await source.refresh(afterUnknownKeyIn: source.generation) == nil)
        let key = SigningKey.hmac(Array(longSecret.utf8))
        #expect(refusal(try key.token(.hs256), source.current.keys) == nil)
        source.replace(secrets: TokenKeys())
        #expect(source.generation == 2 && source.current.generation == 2)
        #expect(refusal(try key.token(.hs256), source.current.keys) == .unsupportedAlgorithm)
        source.replace(fileKeys: try await TokenKeys(jwks: keySet(old.jwk(("kid", "old")))))
        #expect(try error(old, "old", source) == nil && source.generation == 3)
    }

    /// A file that is reloaded leaves the fetched keys, and the other way round.
    @Test func sourcesApart() async throws {
        let source = source(secrets: try await secretKeys())
        try await running(source) { () async throws in
            #expect(source.current.keys.count == 2)
            source.replace(fileKeys: try await TokenKeys(jwks: keySet(new.jwk(("kid", "new")))))
            source.replace(secrets: TokenKeys())
            #expect(source.current.keys.count == 2)
            await advance(300)
            #expect(try error(old, "old", source) == nil && error(new, "new", source) == nil)
        }
    }

    @Test func endsWhenCancelled() async {
        let source = source()
        let task = Task { await source.run() }
        provider.hold()
        await until { clock.sleeping == 1 || provider.fetches == 1 }
        task.cancel()
        provider.release()
        await task.value
    }
}
