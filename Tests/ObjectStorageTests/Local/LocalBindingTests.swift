import CLinux
import Foundation
import NIOCore
import Testing

@testable import ObjectStorage

/// Metadata belong to the bytes that they were written with. Attributes that other programs added to a file survive a
/// rewrite.
@Suite struct LocalBindingTests {
    let folder: TemporaryFolder
    let storage: LocalStorage

    init() throws {
        folder = try TemporaryFolder()
        storage = try LocalStorage(root: folder.path, partSize: 4)
    }

    private func put(_ name: String, _ text: String, carrying: ObjectInfo? = nil) async throws {
        let mode = carrying.map { PutMode.replace($0.etag) } ?? .overwrite
        let options = PutOptions(mode: mode, contentType: "a/b", metadata: ["tintype-id": "1"], carrying: carrying)
        _ = try await storage.put(key(name), bytes: ByteBuffer(string: text), options: options)
    }

    private func overwrite(_ name: String, _ text: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func descriptor(_ name: String) throws -> Descriptor {
        let number = open("\(folder.path)/\(name)", O_RDWR)
        try #require(number >= 0)
        return Descriptor(number)
    }

    @Test func metadataAreBoundIfOnlyThisStoreHasWritten() async throws {
        try await put("a", "1")
        #expect(try await storage.head(key("a")).hasBoundMetadata)
        #expect(try await storage.get(key("a"), options: GetOptions()).info.hasBoundMetadata)
        // The second write gets a later time under the lock.
        try await put("a", "2")
        #expect(try await storage.head(key("a")).hasBoundMetadata)
        let options = UploadOptions(contentType: "a/b", metadata: ["id": "1"])
        let upload = try await storage.beginUpload(key("b"), options: options)
        try await upload.uploadPart(ByteBuffer(string: "1234"), number: 1)
        try await upload.uploadPart(ByteBuffer(string: "5"), number: 2)
        _ = try await upload.complete(mode: .overwrite)
        #expect(try await storage.head(key("b")).hasBoundMetadata)
    }

    @Test(arguments: ["longer than it was", "short", "same", ""])
    func metadataAreNotBoundAfterAChangeByHand(_ text: String) async throws {
        try await put("a", "1234")
        try overwrite("a", text)
        let info = try await storage.head(key("a"))
        #expect(!info.hasBoundMetadata)
        // The write ids are still useful.
        #expect(info.metadata == ["tintype-id": "1"])
        try await put("a", "again")
        #expect(try await storage.head(key("a")).hasBoundMetadata)
    }

    /// `cp -a`, rsync -aX and backups restore the time and the attributes together with the bytes.
    @Test func metadataAreBoundInACopyWithTimeAndAttributes() async throws {
        try await put("a", "1234")
        let (from, to) = ("\(folder.path)/a", "\(folder.path)/b")
        let copied = try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: ["-a", from, to])
        copied.waitUntilExit()
        #expect(try await storage.head(key("b")).hasBoundMetadata)
        let plain = try Process.run(
            URL(fileURLWithPath: "/bin/cp"), arguments: ["--preserve=xattr", from, "\(folder.path)/c"])
        plain.waitUntilExit()
        #expect(try await storage.head(key("c")).metadata == ["tintype-id": "1"])
        #expect(try await storage.head(key("c")).hasBoundMetadata == false)
    }

    /// The documented limit: a program that restores the exact time and writes the same number of bytes is not noticed.
    /// The version is the same too.
    @Test func aChangeThatRestoresTheTimeIsNotDetected() async throws {
        try await put("a", "1234")
        let before = try await storage.head(key("a"))
        let file = try descriptor("a")
        var status = stat()
        try #require(fstat(file.number, &status) == 0)
        try overwrite("a", "5678")
        try #require(futimens(file.number, [status.st_mtim, status.st_mtim]) == 0)
        #expect(try await storage.head(key("a")).etag == before.etag)
    }

    @Test func attributesOfAnEarlierReleaseAreNotBound() async throws {
        try folder.write("1234", to: "a")
        let text = Array("content-type=image/jpeg\nmeta.tintype-image=jpeg 1x1 o1 a0 f1\n".utf8)
        let file = try descriptor("a")
        try #require(cl_set_attribute(file.number, FileAttributes.name, text, text.count) == 0)
        let info = try await storage.head(key("a"))
        #expect(info.metadata == ["tintype-image": "jpeg 1x1 o1 a0 f1"] && !info.hasBoundMetadata)
    }

    @Test func aRewritePreservesAttributesOfOtherPrograms() async throws {
        try folder.write("by hand", to: "a")
        let file = try descriptor("a")
        for (name, value) in [("user.album", "holidays"), ("user.xdg.tags", "sea,sun"), ("user.empty", "")] {
            try #require(cl_set_attribute(file.number, name, Array(value.utf8), value.utf8.count) == 0)
        }
        try #require(fchmod(file.number, 0o640) == 0)
        try await put("a", "turned", carrying: try await storage.head(key("a")))
        let now = try descriptor("a")
        for (name, value) in [("user.album", "holidays"), ("user.xdg.tags", "sea,sun"), ("user.empty", "")] {
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = cl_get_attribute(now.number, name, &buffer, buffer.count)
            #expect(count >= 0 && String(decoding: buffer[..<max(count, 0)], as: UTF8.self) == value)
        }
        var status = stat()
        #expect(fstat(now.number, &status) == 0 && status.st_mode & 0o777 == 0o640)
        let info = try await storage.head(key("a"))
        #expect(info.hasBoundMetadata && info.metadata == ["tintype-id": "1"])
        // A new upload is a new object.
        try await put("a", "new")
        var buffer = [UInt8](repeating: 0, count: 100)
        let last = try descriptor("a")
        #expect(cl_get_attribute(last.number, "user.album", &buffer, buffer.count) < 0)
    }
}
