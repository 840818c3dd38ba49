import Foundation
import Glibc
import NIOCore
import ObjectStorage
import Testing

/// A file system of 1 MiB, if this process may mount one.
@Suite(.enabled(if: SmallDisk.isPermitted)) struct LocalFullDiskTests {
    @Test func aFullDiskIsReportedAndNothingIsLeft() async throws {
        let disk = try SmallDisk()
        let storage = try LocalStorage(root: disk.folder.path, partSize: 400_000)
        try await storage.put("kept", "kept")
        let large = ByteBuffer(repeating: 1, count: 2 << 20)
        let code = try await errorCode {
            _ = try await storage.put(key("large"), bytes: large, options: PutOptions())
        }
        #expect(code == .full)

        let upload = try await storage.beginUpload(key("a/b"), options: UploadOptions())
        let part = ByteBuffer(repeating: 1, count: 400_000)
        let late = try await errorCode { for number in 1...4 { try await upload.uploadPart(part, number: number) } }
        #expect(late == .full)
        await upload.abort()

        #expect(try await storage.names() == ["kept"])
        #expect(try await storage.text(of: "kept") == "kept")
        #expect(try disk.folder.leftovers().isEmpty)
        // The space is available again.
        _ = try await storage.put(key("fits"), bytes: ByteBuffer(repeating: 1, count: 700_000), options: PutOptions())
        try await storage.delete(key("fits"), ifMatch: nil)
        #expect(try await storage.names() == ["kept"])
    }

    /// A write to a full disk that would replace an object fails, and the old object stays complete.
    @Test func aReplaceOnAFullDiskKeepsTheOldObject() async throws {
        let disk = try SmallDisk()
        let storage = try LocalStorage(root: disk.folder.path)
        let etag = try await storage.put("a", String(repeating: "o", count: 600_000))
        let code = try await errorCode {
            try await storage.put("a", String(repeating: "n", count: 600_000), mode: .replace(etag))
        }
        #expect(code == .full)
        #expect(try await storage.head(key("a")).etag == etag)
        #expect(try await storage.text(of: "a") == String(repeating: "o", count: 600_000))
    }

    /// ramfs has no extended attributes: everything but metadata works.
    @Test func aDiskWithoutAttributesHoldsObjects() async throws {
        let disk = try SmallDisk(type: "ramfs")
        let storage = try LocalStorage(root: disk.folder.path)
        let options = PutOptions(contentType: "image/png", metadata: ["id": "1"])
        let etag = try await storage.put(key("a/b"), bytes: ByteBuffer(string: "x"), options: options).etag
        let info = try await storage.head(key("a/b"))
        #expect(info.etag == etag && info.contentType == nil && info.metadata.isEmpty)
        #expect(try await storage.text(of: "a/b") == "x")
    }
}

/// A file system in memory, mounted on its own folder.
final class SmallDisk: Sendable {
    let folder: TemporaryFolder

    init(type: String = "tmpfs") throws {
        folder = try TemporaryFolder()
        guard mount(type, folder.path, type, 0, type == "tmpfs" ? "size=1m" : nil) == 0 else {
            throw ChildProcess.SystemCallError(call: "mount", number: errno)
        }
    }

    deinit {
        umount2(folder.path, Int32(MNT_DETACH))
    }

    static let isPermitted = (try? SmallDisk()) != nil
}
