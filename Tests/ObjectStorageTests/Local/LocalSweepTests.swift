import Foundation
import NIOCore
import Testing

@testable import ObjectStorage

/// A sweep removes the files of dead writers, and never the file of a live writer.
@Suite struct LocalSweepTests {
    @Test func filesOfDeadWritersAreSwept() async throws {
        let folder = try TemporaryFolder()
        let storage = try LocalStorage(root: folder.path)
        try folder.write("half", to: ".tintype/tmp/left")
        #expect(try await storage.sweep(olderThan: .seconds(3600)) == 0)
        #expect(try await storage.sweep() == 1)
        #expect(try folder.leftovers().isEmpty)
        try folder.write("half", to: ".tintype/tmp/left")
        _ = try LocalStorage(root: folder.path)
        #expect(try folder.leftovers().isEmpty)
    }

    @Test func filesOfLiveWritersAreNotSwept() async throws {
        let folder = try TemporaryFolder()
        let features = LocalStorage.Features(unnamedFiles: false, attributes: true)
        let storage = try LocalStorage(root: folder.path, partSize: 10, features: features)
        let upload = try await storage.beginUpload(key("a"), options: UploadOptions())
        try await upload.uploadPart(ByteBuffer(string: "0123456789"), number: 1)
        #expect(try folder.leftovers().count == 1)
        let other = try LocalStorage(root: folder.path)
        #expect(try await other.sweep() == 0)
        _ = try await upload.complete(mode: .createOnly)
        #expect(try await other.text(of: "a") == "0123456789")
        #expect(try folder.leftovers().isEmpty)
    }

    /// If the owner of an upload forgets it, the file does not stay under its name.
    @Test(arguments: [true, false])
    func aDroppedUploadLeavesNothing(unnamed: Bool) async throws {
        let folder = try TemporaryFolder()
        let features = LocalStorage.Features(unnamedFiles: unnamed, attributes: true)
        let storage = try LocalStorage(root: folder.path, features: features)
        do {
            let upload = try await storage.beginUpload(key("a"), options: UploadOptions())
            try await upload.uploadPart(ByteBuffer(string: "x"), number: 1)
        }
        #expect(try folder.leftovers().isEmpty)
    }

    /// A sweep runs all the time next to writers whose files have names. It may remove a file after the writer made it
    /// and before the writer locked it. Then the writer makes another file.
    @Test func sweepsAndWritersAtTheSameTime() async throws {
        let folder = try TemporaryFolder()
        let features = LocalStorage.Features(unnamedFiles: false, attributes: true)
        let storage = try LocalStorage(root: folder.path, features: features)
        let other = try LocalStorage(root: folder.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<400 { try await other.sweep() }
            }
            for task in 0..<3 {
                group.addTask {
                    for round in 0..<60 {
                        try await storage.put("k\(task)", "\(round)")
                        #expect(try await other.text(of: "k\(task)") == "\(round)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try folder.leftovers().isEmpty)
    }
}
