import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestClock
import Testing
import TextCoding

@testable import ObjectStorage

/// Every write makes a new version, whatever the clock does. A body is of one version, or it breaks off.
@Suite(.timeLimit(.minutes(1))) struct LocalVersionTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// If the clock stands still or was set back, two writes must not get the same version: the same inode may come
    /// again.
    @Test(arguments: [0, -3600, 3600] as [Int64])
    func everyWriteIsLaterThanTheOneItReplaces(step: Int64) async throws {
        let clock = NIOLockedValueBox(Timestamp(seconds: 2_000_000_000, nanoseconds: 999_999_999))
        let storage = try LocalStorage(root: folder.path) { clock.withLockedValue { $0 } }
        var seen: Set<ETag> = []
        var last = Timestamp(seconds: 0)
        for _ in 0..<30 {
            #expect(seen.insert(try await storage.put("a", "same")).inserted)
            let time = try #require(try await storage.head(key("a")).lastModified)
            #expect(last < time)
            last = time
            clock.withLockedValue { $0.seconds += step }
        }
    }

    @Test func theTimeOfAnObjectIsThatOfTheClock() async throws {
        let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)
        let storage = try LocalStorage(root: folder.path) { time }
        try await storage.put("a", "x")
        #expect(try await storage.head(key("a")).lastModified == time)
        #expect(try await storage.list(ListRequest()).items.first?.lastModified == time)
    }

    @Test func aFileTruncatedDuringAReadBreaksTheBody() async throws {
        let storage = try LocalStorage(root: folder.path)
        try await storage.put("a", String(repeating: "x", count: 1 << 20))
        let result = try await storage.get(key("a"), options: GetOptions())
        var iterator = result.body.makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        #expect(truncate("\(folder.path)/a", 200_000) == 0)
        await #expect(throws: StorageError.self) { while try await iterator.next() != nil {} }
    }

    @Test func aFileChangedInPlaceDuringAReadBreaksTheBody() async throws {
        let storage = try LocalStorage(root: folder.path)
        try await storage.put("a", String(repeating: "x", count: 1 << 20))
        let result = try await storage.get(key("a"), options: GetOptions())
        var iterator = result.body.makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder.path)/a"))
        try handle.seek(toOffset: 1_000_000)
        try handle.write(contentsOf: Data("y".utf8))
        try handle.close()
        await #expect(throws: StorageError.self) { while try await iterator.next() != nil {} }
    }

    @Test func chunksAreBounded() async throws {
        let storage = try LocalStorage(root: folder.path)
        try await storage.put("a", String(repeating: "x", count: 1_000_000))
        var sizes: [Int] = []
        for try await chunk in try await storage.get(key("a"), options: GetOptions()).body {
            sizes.append(chunk.readableBytes)
            #expect(chunk.storageCapacity <= 2 * LocalReader.chunkSize)
        }
        #expect(sizes.allSatisfy { $0 <= LocalReader.chunkSize } && sizes.count == 8)
    }

    /// A body that nobody reads keeps its file open only while the body exists.
    @Test func droppedBodiesCloseTheirFiles() async throws {
        let storage = try LocalStorage(root: folder.path)
        try await storage.put("a", String(repeating: "x", count: 1 << 20))
        func openFiles() throws -> Int {
            let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            return links.filter { link in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(link)")
                return target?.hasPrefix(folder.path + "/a") == true
            }.count
        }
        do {
            var results: [GetResult] = []
            for _ in 0..<5 { results.append(try await storage.get(key("a"), options: GetOptions())) }
            var iterator = results[0].body.makeAsyncIterator()
            _ = try await iterator.next()
            #expect(try openFiles() == 5)
        }
        // The pool's thread releases its work a moment after its result.
        try await until { try openFiles() == 0 }
    }
}
