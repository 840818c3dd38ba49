import Foundation
import Glibc
import NIOCore
import ObjectStorage
import Testing

/// Two processes on one folder, and processes that are killed.
@Suite(.serialized) struct LocalProcessTests {
    let folder: TemporaryFolder
    let storage: LocalStorage

    init() throws {
        folder = try TemporaryFolder()
        storage = try LocalStorage(root: folder.path, partSize: 1 << 20)
    }

    @Test func racingReplacesOfTwoProcessesLoseNoWrite() async throws {
        try await storage.put("counter", "0")
        let others = try (0..<2).map { _ in try ChildProcess("add", folder.path, "counter", "100") }
        var left = 100
        while left > 0 {
            let object = try await storage.get(key("counter"), options: GetOptions())
            let text = try await String(buffer: object.body.collect(upTo: 100))
            let next = try #require(Int(text)) + 1
            let code = try await errorCode {
                try await storage.put("counter", "\(next)", mode: .replace(object.info.etag))
            }
            if code == nil { left -= 1 }
            #expect(code == nil || code == .preconditionFailed)
        }
        for other in others { #expect(await other.exit() == 0) }
        #expect(try await storage.text(of: "counter") == "300")
        #expect(try folder.leftovers().isEmpty)
    }

    @Test func racingCreatesOfThreeProcessesHaveOneWinnerEach() async throws {
        let others = try (0..<3).map { _ in try ChildProcess("create", folder.path, "150") }
        var won: [String] = []
        for other in others {
            won += await other.lines()
            #expect(await other.exit() == 0)
        }
        #expect(won.compactMap { Int($0) }.sorted() == Array(0..<150))
        #expect(try await storage.names().count == 150)
    }

    /// The writer is killed at random moments, many times. Visible objects are complete, and no other files stay.
    @Test func aKilledWriterLeavesOnlyCompleteObjects() async throws {
        for _ in 0..<12 {
            let writer = try ChildProcess("write", folder.path)
            _ = await writer.line()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...120)))
            writer.kill()
            #expect(await writer.exit() == 128 + SIGKILL)
            for name in try await storage.names() {
                let text = try await storage.get(key(name), options: GetOptions()).body.collect(upTo: 4 << 20)
                let byte = try #require(text.readableBytesView.first)
                let count = name.hasPrefix("u/") ? 2 << 20 : 200_000 + Int(byte)
                #expect(text == ByteBuffer(repeating: byte, count: count), "\(name)")
            }
            try await storage.sweep()
            #expect(try folder.leftovers().isEmpty)
        }
    }

    @Test func aKilledUploadLeavesNothing() async throws {
        let writer = try ChildProcess("begin", folder.path, "a/b")
        #expect(await writer.line() == "begun")
        #expect(try await storage.names().isEmpty)
        writer.kill()
        #expect(await writer.exit() == 128 + SIGKILL)
        #expect(try await storage.names().isEmpty)
        #expect(try folder.names().isEmpty)
        #expect(try folder.leftovers().isEmpty)
    }
}
