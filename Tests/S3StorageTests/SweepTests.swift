import FoundationEssentials
import NIOCore
import NIOHTTP1
import ObjectStorage
import TestClock
import TestServers
import Testing
import TextCoding

@testable import S3Storage

@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct SweepTests {
    private func notes(_ storage: S3Storage) async throws -> Int {
        try await storage.list(ListRequest(prefix: Array(".tintype/uploads/".utf8))).items.count
    }

    private func notedIDs(_ storage: S3Storage) async throws -> [String] {
        var ids: [String] = []
        for item in try await storage.list(ListRequest(prefix: Array(".tintype/uploads/".utf8))).items {
            let bytes = try await storage.get(item.key, options: GetOptions()).body.collect(upTo: 9999)
            if let id = UploadMarker(bytes)?.uploadID { ids.append(id) }
        }
        return ids
    }

    /// An object that cannot be removed is counted, and does not stop the removal of the others.
    @Test func anObjectThatCannotBeRemovedIsSkipped() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let run = ProbeRun(storage)
            for name in ["a", "b", "c"] { _ = try await run.write(run.key(name), "left") }
            proxy.setPlan { exchange in
                exchange.method == "DELETE" && exchange.uri.hasSuffix("/a")
                    ? .answer(status: 403, body: "<Error><Code>AccessDenied</Code></Error>") : .none
            }
            let report = try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(report.removedProbeObjects == 2 && report.failures == 1)
        }
    }

    /// A store that returns the same position again would be asked without end.
    @Test func aListingThatDoesNotAdvanceEndsTheSweep() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { exchange in
                let isUploads = exchange.uri.contains("uploads=")
                return .answer(
                    status: 200,
                    body: isUploads
                        ? """
                        <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>\
                        </ListMultipartUploadsResult>
                        """
                        : """
                        <ListBucketResult><IsTruncated>true</IsTruncated>\
                        <NextContinuationToken>t</NextContinuationToken></ListBucketResult>
                        """)
            }
            do throws(S3RequestError) {
                _ = try await storage.uploads(prefix: [])
                Issue.record("a list without an end came to an end")
            } catch {
                #expect(error.storageError.code == .badAnswer)
            }
            await expect(throwing: .badAnswer) { _ = try await storage.sweepUploads(olderThan: .zero) }
        }
    }

    @Test func unfinishedUploadsAreRemoved() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let key = try key("a b/ü+%.jpg")
            let upload = try await storage.beginUpload(key, options: UploadOptions())
            try await upload.uploadPart(bytes("part"), number: 1)
            while try await notedIDs(storage).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await notes(storage) == 1)
            #expect(try await storage.sweepUploads(olderThan: .seconds(3600)) == SweepReport())
            #expect(try await storage.uploads(prefix: []).count == 1)

            let report = try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(report.abortedUploads == 1 && report.removedMarkers == 1 && report.failures == 0)
            #expect(try await storage.uploads(prefix: []).isEmpty)
            #expect(try await notes(storage) == 0)
            await expect(throwing: .conflict) { _ = try await upload.complete(mode: .overwrite) }
        }
    }

    @Test func finishedUploadsLeaveNothing() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let aborted = try await storage.beginUpload(key("aborted"), options: UploadOptions())
            try await aborted.uploadPart(bytes("part"), number: 1)
            await aborted.abort()
            let completed = try await storage.beginUpload(key("completed"), options: UploadOptions())
            try await completed.uploadPart(bytes("part"), number: 1)
            _ = try await completed.complete(mode: .createOnly)
            while try await notes(storage) > 0 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await storage.uploads(prefix: []).isEmpty)
            #expect(try await storage.sweepUploads(olderThan: .seconds(-2)) == SweepReport())
            #expect(try await storage.list(ListRequest()).items.map(\.key.text) == ["completed"])
        }
    }

    /// The process ended after it wrote the marker, and before the response with the upload id.
    @Test func anUploadWithoutAnIDInItsMarkerIsRemoved() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let photo = try key("photo")
            let note = UploadMarker(key: photo, begun: .now)
            let noteKey = try #require(ObjectKey(S3Storage.ownPrefix + UploadMarker.name(of: photo)))
            _ = try await storage.put(noteKey, bytes: note.bytes, options: PutOptions())
            for name in ["photo", "photo2"] { _ = try await begin(try key(name), storage) }
            #expect(try await storage.uploads(prefix: []).count == 2)

            let report = try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(report.abortedUploads == 1 && report.removedMarkers == 1)
            #expect(try await storage.uploads(prefix: []).map(\.key.text) == ["photo2"])
        }
    }

    /// The store took some time between the two. The marker stays until the upload is old enough too.
    @Test func anUploadWithoutAnIDThatIsTooYoungStays() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let photo = try key("photo")
            let note = UploadMarker(key: photo, begun: .now)
            let noteKey = try #require(ObjectKey(S3Storage.ownPrefix + UploadMarker.name(of: photo)))
            _ = try await storage.put(noteKey, bytes: note.bytes, options: PutOptions())
            _ = try await begin(photo, storage)

            let later = Date.now.addingTimeInterval(60).ISO8601Format()
            proxy.setPlan { exchange in
                guard exchange.method == "GET", exchange.uri.contains("uploads=") else { return .none }
                return .answer(
                    status: 200,
                    body: """
                        <ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>photo</Key>\
                        <UploadId>1</UploadId><Initiated>\(later)</Initiated></Upload></ListMultipartUploadsResult>
                        """)
            }
            #expect(try await storage.sweepUploads(olderThan: .seconds(-2)) == SweepReport())
            #expect(try await notes(storage) == 1)
            proxy.setPlan { _ in .none }
            let report = try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(report.abortedUploads == 1 && report.removedMarkers == 1)
            #expect(try await storage.uploads(prefix: []).isEmpty)
        }
    }

    /// Uploads of other programs have no marker.
    @Test func uploadsOfOtherProgramsStay() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            _ = try await begin(try key("theirs"), storage)
            #expect(try await storage.sweepUploads(olderThan: .seconds(-2)) == SweepReport())
            #expect(try await storage.uploads(prefix: []).count == 1)
        }
    }

    @Test func objectsLeftByAProbeAreRemoved() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let run = ProbeRun(storage)
            _ = try await run.write(run.key("put/x"), "left")
            _ = try await begin(run.key("complete/x"), storage)
            let report = try await storage.sweepUploads(olderThan: .seconds(-2))
            #expect(report.removedProbeObjects == 1 && report.abortedUploads == 1)
            #expect(try await storage.list(ListRequest()).items.isEmpty)
            #expect(try await storage.uploads(prefix: []).isEmpty)
        }
    }

    @Test func anAbortInACancelledTaskIsCompleted() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let upload = try await storage.beginUpload(key("photo"), options: UploadOptions())
            try await upload.uploadPart(bytes("part"), number: 1)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                await upload.abort()
            }
            await task.value
            #expect(try await storage.uploads(prefix: []).isEmpty)
            #expect(try await notes(storage) == 0)
        }
    }

    @Test func sweeperSweepsAfterEachIntervalUntilItIsCancelled() async throws {
        try await Servers.withStorage(.seaweedFS, ownBucket: true) { storage in
            let clock = ManualClock()
            let sweeper = MultipartSweeper(storage, age: .seconds(-2), interval: .seconds(100), clock: clock.clock)
            let sweeping = Task { await sweeper.run() }
            for name in ["photo", "film"] {
                await until { clock.sleeping == 1 }
                #expect(try await storage.uploads(prefix: []).isEmpty)
                let upload = try await storage.beginUpload(key(name), options: UploadOptions())
                try await upload.uploadPart(bytes("part"), number: 1)
                try await until { try await !notedIDs(storage).isEmpty }
                // No interval is longer, and nothing happens before it ends.
                #expect(try await storage.uploads(prefix: []).count == 1)
                clock.advance(by: .seconds(120))
            }
            await until { clock.sleeping == 1 }
            #expect(try await notes(storage) == 0)
            sweeping.cancel()
            await sweeping.value
            #expect(try await storage.uploads(prefix: []).isEmpty)
        }
    }

    private func begin(_ key: ObjectKey, _ storage: S3Storage) async throws -> S3Answer {
        try await storage.client.send(
            S3Request(.beginUpload, .POST, key: key, query: [QueryItem("uploads")]),
            until: storage.client.deadline())
    }
}
