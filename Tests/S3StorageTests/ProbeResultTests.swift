import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ObjectStorage
import TestServers
import Testing
import TextCoding

@testable import S3Storage

/// The result of a probe is stored in the bucket. Before, each start of each replica sent some 300 requests, which took
/// 20 to 37 s on SeaweedFS.
@Suite(.timeLimit(.minutes(3))) struct ProbeResultTests {
    private static let configuration = S3Configuration(
        endpoint: S3Endpoint(isSecure: false, host: "store", port: 8333), bucket: "pictures", region: "eu")
    private static let observations = ProbeObservations(
        put: RaceResult(settled: .atomic), complete: RaceResult(settled: .raced),
        delete: RaceResult(settled: .rejected), listsInByteOrder: true, plusIsSpace: false, completeTellsETag: true,
        tellsMissingKeys: false)

    private func probeResult(server: String = "SeaweedFS 4.48") -> ProbeResult {
        ProbeResult(
            store: StoreIdentity(Self.configuration, server: server), probed: Timestamp(seconds: 1_000_000),
            observations: Self.observations)
    }

    @Test(arguments: ["SeaweedFS 4.48", "", "a  b ", "X\r\nput atomic"]) func aResultIsReadBackFromItsText(
        _ server: String
    ) throws {
        let result = probeResult(server: server)
        #expect(ProbeResult(result.bytes, for: Self.configuration) == result)
        #expect(result.observations.traits.put == .atomic && result.observations.traits.delete == .rejected)
        #expect(!result.observations.needsRaces)
    }

    @Test func otherTextsAreNotResults() {
        let good = String(buffer: probeResult().bytes)
        for text in [
            "", "tintype-probe 1", "tintype-probe 2\n", good + "x", good + good, "\n" + good, String(good.dropLast()),
            good.replacing("put atomic\n", with: ""), good.replacing("put atomic", with: "put perhaps"),
            good.replacing("put atomic", with: "put  atomic"), good.replacing("1000000", with: "-1"),
            good.replacing("1000000", with: "9223372036854775807"), good.replacing("1000000", with: "01000000"),
            good.replacing("true", with: "TRUE"), String(repeating: "a b\n", count: 2000),
        ] {
            #expect(ProbeResult(ByteBuffer(string: text), for: Self.configuration) == nil, "\(text)")
        }
    }

    /// Each reason to doubt the result, at its limit.
    @Test func aResultIsValidForItsStoreAndAge() {
        let result = probeResult()
        let store = result.store
        func holds(
            _ store: StoreIdentity, written: Int64? = 1_000_000, now: Int64 = 1_000_010, age: Duration = .seconds(100)
        ) -> Bool {
            result.holds(
                for: store, written: written.map { Timestamp(seconds: $0) }, now: Timestamp(seconds: now), maxAge: age)
        }
        #expect(holds(store))
        for change in [\StoreIdentity.endpoint, \.bucket, \.region, \.server] {
            var other = store
            other[keyPath: change] += "x"
            #expect(!holds(other))
        }
        #expect(holds(store, now: 1_000_099) && !holds(store, now: 1_000_100))
        #expect(!holds(store, age: .zero))
        #expect(holds(store, written: 1_000_900) && !holds(store, written: 1_000_901) && !holds(store, written: nil))
        #expect(holds(store, written: 999_100) && !holds(store, written: 999_099))
        #expect(holds(store, now: 999_100) && !holds(store, now: 999_099))
    }

    // MARK: In the bucket

    private struct Replica {
        var storage: S3Storage
        var proxy: FaultProxy

        /// Requests of races, and all requests.
        var races: Int { proxy.exchanges.count { $0.hasCondition && $0.uri.contains("/.tintype/probe/") } }
        var requests: Int { proxy.exchanges.count }
    }

    private func replica(
        _ bucket: String, maxAge: Duration = .seconds(3600), now: @escaping WallClock = systemWallClock
    ) async throws -> Replica {
        let server = try await Servers.shared.server(.seaweedFS)
        let proxy = try await FaultProxy.start(to: server.port)
        var configuration = try server.configuration(bucket: bucket)
        configuration.probeMaxAge = maxAge
        // Each replica has its own proxy, but all use the same store. Only the ports of the proxies differ.
        configuration.endpoint = S3Endpoint(proxy.endpoint)
        let credentials = StaticCredentials(accessKey: S3TestServer.accessKey, secretKey: S3TestServer.secretKey)
        let client = S3Client(
            configuration, credentials: credentials, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"), now: now)
        configuration.endpoint = S3Endpoint("http://store.test")
        return Replica(storage: S3Storage(configuration, client: client, logger: Logger(label: "test")), proxy: proxy)
    }

    private func freshBucket() -> String { "test-\(UInt32.random(in: .min ... .max))" }

    @Test(.enabled(if: hasSeaweedFS)) func theNextStartReadsTheResultOnce() async throws {
        let bucket = freshBucket()
        let first = try await replica(bucket)
        try await first.storage.createBucket()
        let report = try await first.storage.probe()
        #expect(report.lines.contains("put: atomic"))

        let second = try await replica(bucket)
        let known = try await second.storage.prepare()
        #expect(second.requests == 1)
        #expect(known == report && second.storage.traits == first.storage.traits)
        #expect(known.capabilities.conditionalPut)

        // Too old by its own clock; and with a maximum age of zero.
        let later = try await replica(bucket, now: { Timestamp(seconds: Timestamp.now.seconds + 600) })
        try await later.storage.prepare()
        #expect(later.requests == 1)
        let always = try await replica(bucket, maxAge: .zero)
        try await always.storage.prepare()
        #expect(always.requests > 1 && !always.storage.capabilities.conditionalPut)
        for replica in [first, second, later, always] {
            await replica.storage.shutdown()
            replica.proxy.stop()
        }
    }

    /// A copied bucket contains the result too, but the result says nothing about the other bucket.
    @Test(.enabled(if: hasSeaweedFS)) func aResultInACopiedBucketIsNotUsed() async throws {
        let (bucket, copy) = (freshBucket(), freshBucket())
        let first = try await replica(bucket)
        try await first.storage.createBucket()
        try await first.storage.probe()
        let key = try key(".tintype/\(ProbeResult.name)")
        let stored = try await first.storage.get(key, options: GetOptions()).body.collect(upTo: 4096)

        let second = try await replica(copy)
        try await second.storage.createBucket()
        _ = try await second.storage.put(key, bytes: stored, options: PutOptions())
        let report = try await second.storage.prepare()
        #expect(!report.capabilities.conditionalPut)
        // The result comes from another server at the same address.
        first.proxy.setPlan { exchange in
            exchange.uri.hasSuffix(ProbeResult.name)
                ? .answer(
                    status: 200,
                    headers: [
                        "server": "MinIO", "x-amz-request-id": "1", "etag": "\"1\"",
                        "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
                    ], body: String(buffer: stored)) : .none
        }
        let restored = try await first.storage.storedResult()
        #expect(restored == nil)
        for replica in [first, second] {
            await replica.storage.shutdown()
            replica.proxy.stop()
        }
    }

    /// Replicas start together on a new bucket. One runs the races, and the others wait for its result.
    @Test(.enabled(if: hasSeaweedFS)) func oneReplicaProbesForAll() async throws {
        let bucket = freshBucket()
        let replicas = [try await replica(bucket), try await replica(bucket), try await replica(bucket)]
        try await replicas[0].storage.createBucket()
        for replica in replicas { try await replica.storage.prepare() }
        for replica in replicas {
            while replica.storage.traits.put != .atomic { try await Task.sleep(for: .milliseconds(50)) }
        }
        // A replica that does not race sends conditions only for the checks that every start needs.
        let races = replicas.map(\.races)
        #expect(races.count { $0 >= 3 * ProbeRun.rounds * ProbeRun.racers } == 1, "\(races)")
        #expect(races.count { $0 < 10 } == 2, "\(races)")
        for replica in replicas {
            await replica.storage.shutdown()
            replica.proxy.stop()
        }
    }
}
