import NIOCore
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

/// Writes with lost responses: which writes may be sent again, and which may not.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct WriteFaultTests {
    /// If it were sent again, it could undo a later write of another client.
    @Test func plainPutIsNotRepeated() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            proxy.setPlan { $0.method == "PUT" ? .dropAnswer : .none }
            let error = await expect(throwing: .unavailable) {
                _ = try await storage.put(key, bytes: bytes("x"), options: PutOptions())
            }
            #expect(error?.mayHaveHappened == true)
            #expect(proxy.exchanges.count { $0.method == "PUT" } == 1)
        }
    }

    /// Whether the store has acted or not, the version is gone at the end, with the fewest possible requests.
    @Test(arguments: [(Fault.dropAnswer, 1), (.refuse, 2), (.answer(status: 500), 2)])
    func lostResponseOfAConditionalDelete(_ fault: Fault, _ requests: Int) async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let etag = try await storage.put(key, bytes: bytes("x"), options: PutOptions()).etag
            let first = Once()
            proxy.setPlan { $0.method == "DELETE" && first.isFirst ? fault : .none }
            try await storage.delete(key, ifMatch: etag)
            await expect(throwing: .notFound) { _ = try await storage.head(key) }
            #expect(proxy.exchanges.count { $0.method == "DELETE" } == requests)
        }
    }

    @Test func aRepeatedDeleteDoesNotRemoveALaterVersion() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "object")
            let etag = try await storage.put(key, bytes: bytes("x"), options: PutOptions()).etag
            proxy.setPlan { exchange in
                switch exchange.method {
                case "DELETE": .answer(status: 500)
                case "HEAD": .delay(.milliseconds(500))
                default: .none
                }
            }
            let deleting = Task { try await storage.delete(key, ifMatch: etag) }
            while !proxy.exchanges.contains(where: { $0.method == "DELETE" }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            let other = try await Servers.withStorage(.seaweedFS) { other in
                try await other.put(key, bytes: bytes("y"), options: PutOptions()).etag
            }
            await expect(throwing: .preconditionFailed) { try await deleting.value }
            #expect(try await storage.head(key).etag == other)
            #expect(proxy.exchanges.count { $0.method == "DELETE" } == 1)
        }
    }

    /// A client that leaves while the store begins its upload leaves nothing there.
    @Test func aClientThatLeavesDuringBeginLeavesNothing() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let key = try key("object")
            proxy.setPlan { $0.method == "POST" ? .delay(.milliseconds(400)) : .none }
            let beginning = Task { try await storage.beginUpload(key, options: UploadOptions()) }
            while !proxy.exchanges.contains(where: { $0.method == "POST" }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            beginning.cancel()
            await expect(throwing: .cancelled) { _ = try await beginning.value }
            #expect(try await storage.uploads(prefix: []).isEmpty)
            #expect(try await storage.list(ListRequest()).items.isEmpty)
        }
    }

    /// If the store has just not responded in time, the caller does not wait for it a second time.
    @Test func anAbortAfterAnOutageRunsInTheBackground() async throws {
        try await Servers.withFaults(ownBucket: true, timeout: .seconds(2)) { storage, proxy in
            let upload = try await storage.beginUpload(key("object"), options: UploadOptions())
            proxy.setPlan { exchange in
                switch exchange.method {
                case "PUT": .delay(.seconds(30))
                case "DELETE": .delay(.milliseconds(700))
                default: .none
                }
            }
            await expect(throwing: .timedOut) { try await upload.uploadPart(bytes("part"), number: 1) }
            await upload.abort()
            #expect(try await storage.uploads(prefix: []).count == 1)
            while try await !storage.uploads(prefix: []).isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// An earlier try of the part may still be on its way, although the last one was rejected.
    @Test func uploadWithALostPartIsAbortedTwice() async throws {
        try await Servers.withFaults { storage, proxy in
            let upload = try await storage.beginUpload(key(freshPrefix() + "object"), options: UploadOptions())
            let first = Once()
            proxy.setPlan { exchange in
                guard exchange.method == "PUT", exchange.uri.contains("partNumber") else { return .none }
                return first.isFirst
                    ? .dropAnswer : .answer(status: 403, body: "<Error><Code>AccessDenied</Code></Error>")
            }
            await expect(throwing: .denied) { try await upload.uploadPart(bytes("part"), number: 1) }
            await upload.abort()
            let aborts = proxy.exchanges.count { $0.method == "DELETE" && $0.uri.contains("uploadId") }
            #expect(aborts == 2)
        }
    }

    /// The marker gets the upload id at the same time as the first part is sent. It knows the id after that has ended.
    @Test func theMarkerGetsItsIDDuringTheFirstPart() async throws {
        try await Servers.withFaults(ownBucket: true) { storage, proxy in
            let first = Once()
            // The first marker is written without a delay, because it must exist before the upload begins.
            proxy.setPlan { exchange in
                let isNote = exchange.method == "PUT" && exchange.uri.contains("/.tintype/uploads/")
                return isNote && !first.isFirst ? .delay(.milliseconds(500)) : .none
            }
            let upload = try await storage.beginUpload(key("object"), options: UploadOptions())
            try await upload.uploadPart(bytes("part"), number: 1)
            _ = try await upload.complete(mode: .overwrite)
            #expect(try await storage.list(ListRequest()).items.map(\.key.text).contains("object"))
            // The marker is removed finally, although it gets its id late.
            while !proxy.exchanges.contains(where: { $0.method == "DELETE" && $0.uri.contains("/.tintype/uploads/") }) {
                try await Task.sleep(for: .milliseconds(20))
            }
            while try await storage.list(ListRequest()).items.count > 1 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}
