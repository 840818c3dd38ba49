import Logging
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TestClock
import TestServers
import Testing

@testable import S3Storage

/// A store behind a proxy that breaks connections.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct FaultTests {
    private static func pattern(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    }

    @Test func cutBodyIsResumed() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let bytes = Self.pattern(3_000_000)
            _ = try await storage.put(key, bytes: bytes, options: PutOptions())
            proxy.setPlan { $0.method == "GET" ? .cutBody(after: 700_001) : .none }
            let result = try await storage.get(key, options: GetOptions())
            #expect(try await result.body.collect(upTo: 3_000_000) == bytes)
            let ranges = proxy.exchanges.filter { $0.method == "GET" }.map(\.range)
            #expect(ranges.count >= 5 && ranges.first == .some(nil))
            // Each request continues after the bytes that have come, and ends with the object.
            let starts = ranges.dropFirst().compactMap { range in
                range.flatMap { $0.hasSuffix("-2999999") ? Int($0.dropFirst(6).dropLast(8)) : nil }
            }
            #expect(starts.count == ranges.count - 1 && starts == Array(Set(starts)).sorted())
        }
    }

    @Test func cutRangeIsResumedWithinIt() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let bytes = Self.pattern(1_000_000)
            _ = try await storage.put(key, bytes: bytes, options: PutOptions())
            proxy.setPlan { $0.method == "GET" && $0.range == "bytes=-500000" ? .cutBody(after: 5) : .none }
            let result = try await storage.get(key, options: GetOptions(range: .suffix(500_000)))
            #expect(result.range == 500_000..<1_000_000)
            #expect(try await result.body.collect(upTo: 500_000) == bytes.getSlice(at: 500_000, length: 500_000))
            #expect(proxy.exchanges.last?.range == "bytes=500005-999999")
        }
    }

    /// Bytes of two versions never form one body.
    @Test func anObjectReplacedDuringAReadBreaksTheBody() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            _ = try await storage.put(key, bytes: Self.pattern(1_000_000), options: PutOptions())
            proxy.setPlan { $0.method == "GET" && $0.range == nil ? .stallBody(after: 1000) : .none }
            let result = try await storage.get(key, options: GetOptions())
            _ = try await storage.put(key, bytes: ByteBuffer(repeating: 1, count: 1_000_000), options: PutOptions())
            proxy.setPlan { _ in .none }
            proxy.cutConnections()
            await expect(throwing: .preconditionFailed) { _ = try await result.body.collect(upTo: 1_000_000) }
        }
    }

    @Test func aBodyWithoutProgressIsGivenUp() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            _ = try await storage.put(key, bytes: Self.pattern(1_000_000), options: PutOptions())
            proxy.setPlan { $0.method == "GET" ? .cutBody(after: 0) : .none }
            let result = try await storage.get(key, options: GetOptions())
            await expect(throwing: .unavailable) { _ = try await result.body.collect(upTo: 1_000_000) }
            #expect(proxy.exchanges.count { $0.method == "GET" } == BodyReader.fruitlessResumes + 1)
        }
    }

    @Test func stalledBodyTimesOut() async throws {
        let key = try key(freshPrefix() + "object")
        try await Servers.withStorage(.seaweedFS) { storage in
            _ = try await storage.put(key, bytes: Self.pattern(1_000_000), options: PutOptions())
        }
        try await Servers.withFaults(timeout: .seconds(2)) { storage, proxy in
            proxy.setPlan { $0.method == "GET" ? .stallBody(after: 100_000) : .none }
            let result = try await storage.get(key, options: GetOptions())
            await expect(throwing: .timedOut) { _ = try await result.body.collect(upTo: 1_000_000) }
        }
    }

    /// A store that serves hundreds of readers may send one of them no byte for longer than the time limit, and respond
    /// as soon as it asks again. The client of such a reader was reset. This may have cut one of 200 slow downloads in
    /// an earlier run, but no log of that run exists.
    @Test func aBodyIsResumedAfterATimeout() async throws {
        let key = try key(freshPrefix() + "object")
        let bytes = Self.pattern(1_000_000)
        try await Servers.withStorage(.seaweedFS) { storage in
            _ = try await storage.put(key, bytes: bytes, options: PutOptions())
        }
        try await Servers.withFaults(timeout: .seconds(2)) { storage, proxy in
            proxy.setPlan { $0.method == "GET" && $0.range == nil ? .stallBody(after: 100_000) : .none }
            let result = try await storage.get(key, options: GetOptions())
            #expect(try await result.body.collect(upTo: 1_000_000) == bytes)
            let ranges = proxy.exchanges.filter { $0.method == "GET" }.map(\.range)
            #expect(ranges.count == 2 && ranges.last??.hasSuffix("-999999") == true)
        }
    }

    /// The store's time limit does not count while the reader is slow.
    @Test func slowReaderIsNoStoreError() async throws {
        let key = try key(freshPrefix() + "object")
        let bytes = Self.pattern(7_000_000)
        try await Servers.withStorage(.seaweedFS) { storage in
            _ = try await storage.put(key, bytes: bytes, options: PutOptions())
        }
        let clock = ManualClock()
        try await Servers.withStorage(.seaweedFS, clock: clock.clock) { storage in
            let result = try await storage.get(key, options: GetOptions())
            var read = ByteBuffer()
            for try await var chunk in result.body {
                // Longer than the store's time limit.
                clock.advance(by: .seconds(11))
                read.writeBuffer(&chunk)
            }
            #expect(read == bytes)
        }
    }

    /// With a limit of one connection, the next request needs the connection that a reader has left.
    @Test func aReaderThatLeavesFreesItsConnection() async throws {
        let server = try await Servers.shared.server(.seaweedFS)
        var configuration = try server.configuration(timeout: .seconds(4))
        configuration.connectionLimit = 1
        configuration.readerLimit = 1
        let storage = S3Storage(
            configuration,
            credentials: StaticCredentials(accessKey: S3TestServer.accessKey, secretKey: S3TestServer.secretKey),
            logger: .init(label: "test"))
        let key = try key(freshPrefix() + "object")
        _ = try await storage.put(key, bytes: Self.pattern(7_000_000), options: PutOptions())
        for _ in 0..<3 {
            var result: GetResult? = try await storage.get(key, options: GetOptions())
            for try await _ in try #require(result).body { break }
            result = nil
            _ = try await storage.head(key)
            // A body that is never read gives its connection back too.
            result = try await storage.get(key, options: GetOptions())
            result = nil
            _ = try await storage.head(key)
        }
        await storage.shutdown()
    }

    @Test(arguments: [Fault.dropAnswer, .refuse, .answer(status: 503), .answer(status: 500, body: "garbage")])
    func requestsAreRepeatedAfterOneError(_ fault: Fault) async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let etag = try await storage.put(key, bytes: bytes("x"), options: PutOptions()).etag
            // Every second request of each kind.
            let seen = NIOLockedValueBox<[String: Int]>([:])
            proxy.setPlan { exchange in
                let count = seen.withLockedValue { seen in
                    seen[exchange.method, default: 0] += 1
                    return seen[exchange.method] ?? 0
                }
                return count.isMultiple(of: 2) ? .none : fault
            }
            #expect(try await storage.head(key).etag == etag)
            #expect(try await storage.get(key, options: GetOptions()).body.collect(upTo: 9) == bytes("x"))
            #expect(try await storage.list(ListRequest(prefix: key.bytes)).items.map(\.key) == [key])
            try await storage.delete(key, ifMatch: etag)
            await expect(throwing: .notFound) { _ = try await storage.head(key) }
        }
    }

    /// A lost response to a create-only write looks like a lost race. The metadata show whose object it is.
    @Test func lostResponseOfACreateOnlyPut() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let lost = Once()
            proxy.setPlan { $0.method == "PUT" && lost.isFirst ? .dropAnswer : .none }
            await expect(throwing: .preconditionFailed) {
                _ = try await storage.put(
                    key, bytes: bytes("x"), options: PutOptions(mode: .createOnly, metadata: ["id": "mine"]))
            }
            #expect(try await storage.head(key).metadata == ["id": "mine"])
        }
    }

    /// The second try finds no upload any more, as on AWS. (SeaweedFS repeats its first response.) Whether the first
    /// try has completed it is for the caller to find out.
    @Test func lostResponseOfCompleteIsReportedAsUnknown() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let lost = Once()
            proxy.setPlan { exchange in
                guard exchange.method == "POST", exchange.uri.contains("uploadId=") else { return .none }
                return lost.isFirst
                    ? .dropAnswer : .answer(status: 404, body: "<Error><Code>NoSuchUpload</Code></Error>")
            }
            let upload = try await storage.beginUpload(key, options: UploadOptions(metadata: ["id": "42"]))
            try await upload.uploadPart(bytes("part"), number: 1)
            let error = await expect(throwing: .unavailable) { _ = try await upload.complete(mode: .overwrite) }
            #expect(error?.mayHaveHappened == true)
            #expect(lost.isFirst == false)
            #expect(try await storage.head(key).metadata == ["id": "42"])
            // The caller ends the upload. The object stays, and the marker goes.
            await upload.abort()
            try await until { try await storage.list(ListRequest()).items.map(\.key) == [key] }
            #expect(try await storage.get(key, options: GetOptions()).body.collect(upTo: 9) == bytes("part"))
        }
    }

    /// If the response to a begin is lost, the upload is begun again, and the sweep finds the first one.
    @Test func lostResponseOfBeginStartsASecondUpload() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let lost = Once()
            proxy.setPlan { exchange in
                exchange.method == "POST" && exchange.uri.contains("uploads=") && lost.isFirst ? .dropAnswer : .none
            }
            let upload = try await storage.beginUpload(key, options: UploadOptions())
            #expect(try await storage.uploads(prefix: key.bytes).count == 2)
            await upload.abort()
            #expect(try await storage.uploads(prefix: key.bytes).count == 1)
            try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(try await storage.uploads(prefix: key.bytes).isEmpty)
        }
    }

    /// No real server returns 200 with an error on demand, but a proxy can.
    @Test func anErrorInA200ResponseIsAnError() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let upload = try await storage.beginUpload(key, options: UploadOptions())
            try await upload.uploadPart(bytes("part"), number: 1)
            proxy.setPlan { exchange in
                exchange.method == "POST"
                    ? .answer(
                        status: 200,
                        body: "\n\n<?xml version=\"1.0\"?><Error><Code>PreconditionFailed</Code></Error>") : .none
            }
            await expect(throwing: .preconditionFailed) { _ = try await upload.complete(mode: .createOnly) }
            let failing = Once()
            proxy.setPlan { exchange in
                exchange.method == "POST" && failing.isFirst
                    ? .answer(status: 200, body: "<Error><Code>InternalError</Code><Message>We</Message></Error>")
                    : .none
            }
            let etag = try await upload.complete(mode: .createOnly).etag
            #expect(try await storage.head(key).etag == etag)
        }
    }

    @Test(arguments: ["", "<html/>", "not xml"]) func anUnreadableResponseOfCompleteIsABadAnswer(_ body: String)
        async throws
    {
        try await Servers.withFaults { storage, proxy in
            let upload = try await storage.beginUpload(key(freshPrefix() + "object"), options: UploadOptions())
            try await upload.uploadPart(bytes("part"), number: 1)
            proxy.setPlan { $0.method == "POST" ? .answer(status: 200, body: body) : .none }
            await expect(throwing: .badAnswer) { _ = try await upload.complete(mode: .overwrite) }
            proxy.setPlan { _ in .none }
            await upload.abort()
        }
    }

    @Test func aMissingBucketIsAnOutage() async throws {
        let server = try await Servers.shared.server(.seaweedFS)
        let storage = try server.storage(bucket: "no-such-bucket")
        let error = await expect(throwing: .unavailable) {
            _ = try await storage.get(key("x"), options: GetOptions())
        }
        #expect(error?.detail.contains("NoSuchBucket") == true)
        // The response to a HEAD is the same for a missing object and a missing bucket.
        let headError = await expect(throwing: .unavailable) { _ = try await storage.head(key("x")) }
        #expect(headError?.detail.contains("NoSuchBucket") == true)
        await expect(throwing: .unavailable) { try await storage.checkAvailability() }
        await storage.shutdown()
    }

    /// Another web server responds in place of the store. Its 404 says nothing about an object.
    @Test func a404OfAnotherServerIsAnOutage() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { _ in .answer(status: 404, body: "<html>Not Found</html>") }
            await expect(throwing: .unavailable) { _ = try await storage.head(key("x")) }
            await expect(throwing: .unavailable) { _ = try await storage.get(key("x"), options: GetOptions()) }
            await expect(throwing: .unavailable) { try await storage.checkAvailability() }
        }
    }

    @Test func wrongKeysAreDenied() async throws {
        let server = try await Servers.shared.server(.seaweedFS)
        let storage = S3Storage(
            try server.configuration(),
            credentials: StaticCredentials(accessKey: S3TestServer.accessKey, secretKey: "wr0ng-s3cret"),
            logger: .init(label: "test"))
        let error = await expect(throwing: .denied) { try await storage.checkAvailability() }
        #expect(error.map { String(reflecting: $0).contains("wr0ng") } == false)
        await storage.shutdown()
    }

    /// Only the store can tell that a token is not its own.
    @Test func aRejectedTokenIsABadCursor() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { exchange in
                exchange.uri.contains("continuation-token=forged")
                    ? .answer(status: 400, body: "<Error><Code>InvalidArgument</Code></Error>") : .none
            }
            await expect(throwing: .badCursor) { _ = try await storage.list(ListRequest(cursor: "tforged")) }
        }
    }

    @Test func aClosedPortIsAnOutage() async throws {
        let endpoint = try #require(S3Endpoint("http://127.0.0.1:\(FreePorts.take())"))
        let storage = S3Storage(
            S3Configuration(endpoint: endpoint, bucket: "bucket"),
            credentials: StaticCredentials(accessKey: "a", secretKey: "s"), logger: .init(label: "test"))
        await expect(throwing: .unavailable) { _ = try await storage.head(key("x")) }
        await expect(throwing: .unavailable) { try await storage.prepare() }
        await storage.shutdown()
    }

    @Test func cancelledCallEndsSoon() async throws {
        // Longer than a test may take.
        try await Servers.withFaults(timeout: .seconds(3600)) { storage, proxy in
            proxy.setPlan { _ in .delay(.seconds(3600)) }
            let key = try key("x")
            let task = Task { try await storage.head(key) }
            await until { !proxy.exchanges.isEmpty }
            task.cancel()
            await expect(throwing: .cancelled) { _ = try await task.value }
        }
    }
}

/// True only for the first read.
final class Once: Sendable {
    private let wasAsked = NIOLockedValueBox(false)

    var isFirst: Bool {
        wasAsked.withLockedValue { wasAsked in
            defer { wasAsked = true }
            return !wasAsked
        }
    }
}
