import NIOConcurrencyHelpers
import ObjectStorage
import TestClock
import TestServers
import Testing

@testable import S3Storage

@Suite(.timeLimit(.minutes(3))) struct ProbeTests {
    /// SeaweedFS 4.48: conditional PUT and DELETE are atomic, but several CompleteMultipartUpload can win.
    @Test(.enabled(if: hasSeaweedFS)) func seaweedFS() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            #expect(storage.capabilities.conditionalPut == false)
            let report = try await storage.probe()
            #expect(report.capabilities == storage.capabilities)
            #expect(report.capabilities.conditionalPut)
            #expect(report.capabilities.conditionalDelete)
            #expect(report.capabilities.conditionalComplete == false)
            #expect(report.capabilities.listsInByteOrder == false)
            #expect(report.tellsMissingKeys)
            #expect(storage.traits.complete == .raced)
            #expect(storage.traits.completeTellsETag)
            try await expectNothingLeft(in: storage)
        }
    }

    /// rclone 1.75 ignores every condition.
    @Test(.enabled(if: hasRclone)) func rclone() async throws {
        try await Servers.withStorage(.rclone, ownBucket: true) { storage in
            let report = try await storage.probe()
            #expect(storage.traits.put == .ignored)
            #expect(storage.traits.complete == .ignored)
            #expect(storage.traits.delete == .ignored)
            #expect(storage.traits.completeTellsETag == false)
            #expect(report.warnings.count == 3)
            try await expectNothingLeft(in: storage)
        }
    }

    /// After the quick part the storage is usable and careful. The races end in the background.
    @Test(.enabled(if: hasSeaweedFS)) func prepare() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let report = try await storage.prepare()
            #expect(report.capabilities.conditionalPut == false)
            #expect(report.warnings.isEmpty)
            while storage.traits.put != .atomic { try await Task.sleep(for: .milliseconds(50)) }
            while try await !leftovers(in: storage).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            try await expectNothingLeft(in: storage)

            // One race at a time, so that early readers and writers are not affected.
            let races = proxy.exchanges.filter(\.hasCondition).compactMap { exchange in
                ["/put/", "/complete/", "/delete/"].firstIndex { exchange.uri.contains($0) }.flatMap { kind in
                    exchange.uri.prefix { $0 != "?" }.last?.wholeNumberValue.map { 10 * kind + $0 }
                }
            }
            #expect(races.count >= 3 * ProbeRun.rounds * ProbeRun.racers && races == races.sorted())
        }
    }

    @Test(.enabled(if: hasSeaweedFS)) func cleansUpInMoreThanOneTry() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let rejections = NIOLockedValueBox(2)
            proxy.setPlan { exchange in
                guard exchange.method == "DELETE", !exchange.hasCondition, exchange.uri.hasSuffix("/put/0"),
                    rejections.withLockedValue({ left in
                        left -= 1
                        return left >= 0
                    })
                else { return .none }
                return .answer(status: 403, body: "<Error><Code>AccessDenied</Code></Error>")
            }
            try await storage.prepare()
            while rejections.withLockedValue({ $0 >= 0 }) { try await Task.sleep(for: .milliseconds(50)) }
            while try await !leftovers(in: storage).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            try await expectNothingLeft(in: storage)
        }
    }

    /// A process that is stopped during the races leaves none of their objects.
    @Test(.enabled(if: hasSeaweedFS), arguments: [0, 1, ProbeRun.rounds + 1])
    func aShutdownLeavesNoObjectsOfTheRaces(_ objects: Int) async throws {
        let server = try await Servers.shared.server(.seaweedFS)
        let bucket = "test-\(UInt32.random(in: .min ... .max))"
        let storage = try server.storage(bucket: bucket)
        try await storage.createBucket()
        try await storage.prepare()
        // Each round of races has its own object, which stays until the end.
        try await until { try await leftovers(in: storage).count >= objects }
        await storage.shutdown()
        let after = try server.storage(bucket: bucket)
        try await expectNothingLeft(in: after)
        await after.shutdown()
    }

    /// If the store rejects conditions on writes, the header is omitted, and the look-up before the write replaces it.
    @Test(.enabled(if: hasSeaweedFS)) func storeThatRejectsConditions() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { exchange in
                exchange.hasCondition
                    ? .answer(status: 501, body: "<Error><Code>NotImplemented</Code></Error>") : .none
            }
            try await storage.probe()
            #expect(storage.traits.put == .rejected)
            let key = try key(freshPrefix() + "x")
            _ = try await storage.put(key, bytes: bytes("1"), options: PutOptions(mode: .createOnly))
            await expect(throwing: .preconditionFailed) {
                _ = try await storage.put(key, bytes: bytes("2"), options: PutOptions(mode: .createOnly))
            }
        }
    }

    @Test(.enabled(if: hasSeaweedFS)) func aMissingRightToListIsReported() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { exchange in
                exchange.method == "GET" && exchange.uri.hasSuffix("/missing")
                    ? .answer(status: 403, body: "<Error><Code>AccessDenied</Code></Error>") : .none
            }
            let report = try await storage.probe()
            #expect(report.tellsMissingKeys == false)
            #expect(report.warnings.contains { $0.contains("s3:ListBucket") })
        }
    }

    /// If every tenth response is lost, the probe still finds that a store is atomic, and never reports more than it
    /// supports.
    @Test(.enabled(if: hasSeaweedFS)) func lostResponsesDoNotChangeTheResult() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { $0.number % 10 == 0 ? .dropAnswer : .none }
            try await storage.probe()
            #expect(storage.traits.put == .atomic)
            #expect(storage.traits.complete != .atomic)
        }
    }

    /// All objects except the result, which stays.
    private func leftovers(in storage: S3Storage) async throws -> [String] {
        try await storage.list(ListRequest()).items.map(\.key.text).filter { $0 != ".tintype/\(ProbeResult.name)" }
    }

    private func expectNothingLeft(in storage: S3Storage) async throws {
        #expect(try await leftovers(in: storage) == [])
        let uploads = try await storage.uploads(prefix: [])
        #expect(uploads == [])
    }
}
