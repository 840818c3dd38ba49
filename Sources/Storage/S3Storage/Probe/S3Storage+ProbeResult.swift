import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import TaskSupport

extension S3Storage {
    /// What an earlier probe of this very store has found, as long as it counts; nil: probe anew.
    ///
    /// - Throws: ``StorageError`` only where the store is away: what it refuses is no verdict.
    func storedResult() async throws(StorageError) -> ProbeResult? {
        let key = try Self.ownKey(ProbeResult.name, during: .probe)
        let (answer, written): (S3Answer, Timestamp?)
        do throws(S3RequestError) {
            answer = try await client.send(S3Request(.probe, .GET, key: key), until: client.deadline())
            written = try? ObjectHeaders(answer.headers).lastModified
        } catch {
            guard error.storageError.isOutage else { return nil }
            throw error.storageError
        }
        let store = StoreIdentity(configuration, server: answer.headers.first(name: "server") ?? "")
        guard let verdict = ProbeResult(answer.body, for: configuration),
            verdict.holds(for: store, written: written, now: client.now(), maxAge: configuration.probeMaxAge)
        else { return nil }
        return verdict
    }

    /// Keeps what was found, for this server's next start and for other replicas. Where that fails they probe.
    func keep(_ findings: ProbeObservations) async {
        guard !findings.needsRaces else { return }
        let verdict = ProbeResult(
            store: StoreIdentity(configuration, server: client.voice.server), probed: client.now(), findings: findings)
        do {
            let key = try Self.ownKey(ProbeResult.name, during: .probe)
            let request = S3Request(
                .probe, .PUT, key: key, headers: [("content-type", "text/plain")], body: verdict.bytes)
            _ = try await client.send(request, until: client.deadline())
        } catch {
            logger.debug(
                "what was found out about the store could not be kept",
                metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}

/// Lets one replica probe for all, by an object that is made by the first. Where a store ignores conditions every
/// replica is the first, and probes: no harm is done, and no more is known of such a store.
struct ProbeLease: ~Copyable {
    static let name = "probed/lease"
    /// A lease that has stayed the same for so long is of a process that has gone.
    static let timeout = Duration.seconds(120)

    private let storage: S3Storage
    private let holder = Hexadecimal.random(bytes: 16)
    private var seen: (etag: ETag, since: ContinuousClock.Instant)?

    init(_ storage: S3Storage) {
        self.storage = storage
    }

    /// Whether it is ours now. Call again after a pause where it is not.
    mutating func take(for run: ProbeRun) async -> Bool {
        guard let key = try? S3Storage.ownKey(Self.name, during: .probe) else { return true }
        do throws(StorageError) {
            let made = try await run.outcome(
                S3Request(
                    .probe, .PUT, key: key, headers: PutMode.createOnly.headers, body: ByteBuffer(string: holder)))
            // One that is refused for its condition is no store on which races are run.
            guard made.outcome == .lost else {
                if made.outcome == .won { run.adopt(key) }
                return true
            }
            let now = storage.client.clock.now()
            let etag = try await storage.head(key, during: .probe, until: storage.client.deadline()).etag
            guard let seen, seen.etag == etag else {
                self.seen = (etag, now)
                return false
            }
            guard seen.since.duration(to: now) > Self.timeout else { return false }
            try await storage.delete(key, ifMatch: nil)
        } catch {
            // Gone meanwhile, or not to be had now.
        }
        return false
    }
}
