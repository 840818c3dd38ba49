import Crypto
public import Logging
public import Metrics
import Synchronization
public import TaskSupport

/// The keys that tokens are verified with at present: secrets, the keys of a file, and a JWK set that is fetched and
/// refreshed.
///
/// The set is refreshed every 5 minutes by ``run()``, and at most once a minute for a token of an unknown key. If that
/// fails, the last good set is kept, for 24 hours after its last success. `tintype_jwks_refresh_total{result}` counts
/// the refreshes; result is `ok` or `failed`.
public final class TokenKeySource: Sendable {
    /// The keys at one moment.
    public struct Snapshot: Sendable {
        /// The keys of every source.
        public let keys: TokenKeys
        /// What ``TokenKeySource/generation`` was then.
        public let generation: UInt64
    }

    private struct State: Sendable {
        var source: KeySourceState
        var waiting: Set<Int> = []
    }

    /// The answer says whether a refresh has ended.
    private let waits: WaitList<State, Bool>
    private let published: Atomic<UInt64>
    private let remote: RemoteKeySet?
    private let tasks: BackgroundTasks
    private let logger: Logger
    private let clock: MonotonicClock
    private let succeeded: Counter
    private let failed: Counter

    /// - Parameters:
    ///   - secrets: keys for HMAC.
    ///   - fileKeys: the keys of a JWK set in a file.
    ///   - remote: a set that is fetched, not before ``run()``; nil: none.
    ///   - logger: for refreshes. It gets the host, never the URL.
    ///   - clock: for the times between them.
    ///   - factory: makes the counters.
    public init(
        secrets: TokenKeys = TokenKeys(), fileKeys: TokenKeys = TokenKeys(), remote: RemoteKeySet? = nil,
        logger: Logger, clock: MonotonicClock = .continuous, factory: any MetricsFactory = MetricsSystem.factory
    ) {
        let source = KeySourceState(secrets: secrets, fileKeys: fileKeys)
        waits = WaitList(State(source: source), clock: clock)
        published = Atomic(source.generation)
        self.remote = remote
        self.logger = logger
        self.clock = clock
        tasks = BackgroundTasks(clock: clock)
        let label = "tintype_jwks_refresh_total"
        succeeded = Counter(label: label, dimensions: [("result", "ok")], factory: factory)
        failed = Counter(label: label, dimensions: [("result", "failed")], factory: factory)
    }

    /// Grows with each change of the keys. It takes no lock. What was verified under an older one must be verified
    /// anew.
    public var generation: UInt64 { published.load(ordering: .acquiring) }

    /// The present keys.
    public var current: Snapshot {
        waits.withState { Snapshot(keys: $0.source.keys, generation: $0.source.generation) }
    }

    /// Replaces the secrets. Tokens of those that are gone are refused from now on.
    public func replace(secrets: TokenKeys) {
        change { $0.replace(secrets: secrets) }
    }

    /// Replaces the keys of the file. Tokens of those that are gone are refused from now on.
    public func replace(fileKeys: TokenKeys) {
        change { $0.replace(fileKeys: fileKeys) }
    }

    /// Keeps the remote set fresh until the task is cancelled. Returns at once if there is none.
    public func run() async {
        guard remote != nil else { return }
        while !Task.isCancelled {
            _ = await refresh(.scheduled)
            dropStale()
            let wake = waits.withState { $0.source.nextWake(after: clock.now()) }
            guard (try? await clock.sleep(wake)) != nil else { break }
        }
        await tasks.drain(for: .zero)
    }

    /// The keys to try again with after a token was refused with ``TokenError/unknownKey(_:)``. Fetches the remote set
    /// if that was not done for this reason within the last minute, or waits for the refresh that is under way.
    ///
    /// - Parameter generation: of the keys that the token was refused with.
    /// - Returns: nil if the keys have not changed since.
    public func refresh(afterUnknownKeyIn generation: UInt64) async -> Snapshot? {
        if self.generation == generation { _ = await refresh(.unknownKey) }
        let current = current
        return current.generation == generation ? nil : current
    }

    /// How many wait for a refresh, for tests.
    var waiting: Int { waits.withState { $0.waiting.count } }

    private func refresh(_ reason: KeySourceState.Reason) async -> Bool {
        guard let remote else { return false }
        return await waits.wait(cancelled: false) { state, ticket in
            switch state.source.ask(reason, at: clock.now()) {
            case .tooSoon: return (.answered(false), [])
            // A task of its own: a client that leaves must not stop the refresh that the others wait for.
            case .start: tasks.start { await self.fetch(remote) }
            case .join: break
            }
            state.waiting.insert(ticket)
            return (.waits, [])
        } leave: { state, ticket, _ in
            state.waiting.remove(ticket)
            return (false, [])
        }
    }

    private func fetch(_ remote: RemoteKeySet) async {
        var fetched: KeySourceState.Fetched?
        do {
            let bytes = try await remote.fetch()
            let keys = try await TokenKeys(jwks: bytes)
            fetched = KeySourceState.Fetched(keys: keys, digest: SHA256.hash(data: bytes))
            succeeded.increment()
        } catch {
            failed.increment()
            logger.warning(
                "the JWK set could not be refreshed", metadata: ["host": "\(remote.host)", "error": "\(error)"])
        }
        let before = generation
        waits.update { state in
            state.source.finish(fetched, at: clock.now())
            publish(state)
            defer { state.waiting = [] }
            return state.waiting.map { ($0, true) }
        }
        guard let keys = fetched?.keys, generation != before else { return }
        logger.info(
            "the JWK set has changed",
            metadata: [
                "host": "\(remote.host)", "keys": "\(keys.count)", "passed_over": "\(keys.passedOver.count)",
            ])
    }

    private func dropStale() {
        let isDropped = waits.withState { state in
            defer { publish(state) }
            return state.source.dropStale(at: clock.now())
        }
        guard isDropped, let remote else { return }
        logger.error("the JWK set is dropped: no refresh for 24 hours", metadata: ["host": "\(remote.host)"])
    }

    private func change(_ body: (inout KeySourceState) -> Void) {
        waits.withState { state in
            body(&state.source)
            publish(state)
        }
    }

    /// Under the lock, so that the number never goes back.
    private func publish(_ state: State) {
        published.store(state.source.generation, ordering: .releasing)
    }
}
