import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import TaskSupport
import TextCoding

extension S3Storage {
    /// The result of an earlier probe of this very store, if it is still valid; nil: probe anew.
    ///
    /// - Throws: ``StorageError`` only if the store is away; if it refuses the read, there is no result.
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
        guard let result = ProbeResult(answer.body, for: configuration),
            result.holds(for: store, written: written, now: client.now(), maxAge: configuration.probeMaxAge)
        else { return nil }
        return result
    }

    /// Keeps the result for this server's next start and for other replicas. If that fails, they probe.
    func keep(_ observations: ProbeObservations) async {
        guard !observations.needsRaces else { return }
        let result = ProbeResult(
            store: StoreIdentity(configuration, server: client.voice.server), probed: client.now(),
            observations: observations)
        do {
            let key = try Self.ownKey(ProbeResult.name, during: .probe)
            let request = S3Request(
                .probe, .PUT, key: key, headers: [("content-type", "text/plain")], body: result.bytes)
            _ = try await client.send(request, until: client.deadline())
        } catch {
            logger.debug(
                "the probe's result could not be kept",
                metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}

/// Lets one replica probe for all, with an object that only the first one can create. On a store that ignores
/// conditions every replica is the first, and probes. That does no harm, and no more can be known of such a store.
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

    /// Whether the lease is ours now. If not, call again after a pause.
    mutating func take(for run: ProbeRun) async -> Bool {
        guard let key = try? S3Storage.ownKey(Self.name, during: .probe) else { return true }
        do throws(StorageError) {
            let made = try await run.outcome(
                S3Request(
                    .probe, .PUT, key: key, headers: PutMode.createOnly.headers, body: ByteBuffer(string: holder)))
            // A store that refuses the condition as such is not one for races.
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
            // It is gone meanwhile, or cannot be had now.
        }
        return false
    }
}
