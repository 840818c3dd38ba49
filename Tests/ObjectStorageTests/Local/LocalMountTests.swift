import Foundation
import Glibc
import NIOCore
import StorageConformance
import Testing

@testable import ObjectStorage

/// Another file system is mounted below the data folder. Reads and deletes worked, but every write was rejected,
/// because the temporary file was on another file system than its destination.
@Suite(.enabled(if: SmallDisk.isPermitted)) struct LocalMountTests {
    private final class Mount {
        let path: String

        init(on path: String, type: String = "tmpfs") throws {
            self.path = path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            guard mount(type, path, type, 0, nil) == 0 else {
                throw ChildProcess.SystemCallError(call: "mount", number: errno)
            }
        }

        /// Mounts the same file system again at another path.
        init(of source: String, on path: String) throws {
            self.path = path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            guard mount(source, path, nil, UInt(MS_BIND), nil) == 0 else {
                throw ChildProcess.SystemCallError(call: "mount", number: errno)
            }
        }

        deinit { umount2(path, Int32(MNT_DETACH)) }
    }

    /// ramfs has no extended attributes. A bind mount has the same device, but no file can be renamed into it.
    @Test(arguments: ["tmpfs", "ramfs", "bind"], [true, false])
    func readsWritesAndDeletesWorkOnAMount(_ type: String, unnamed: Bool) async throws {
        // In memory, because the checks write a lot.
        let disk = try TemporaryFolder()
        let whole = try Mount(on: disk.path)
        let (root, other) = ("\(disk.path)/root", "\(disk.path)/other")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        let path = "\(root)/photos/2026 may"
        let mount = try type == "bind" ? Mount(of: other, on: path) : Mount(on: path, type: type)
        defer { withExtendedLifetime((mount, whole)) {} }
        let storage = try LocalStorage(
            root: root, partSize: 64 << 10, features: LocalStorage.Features(unnamedFiles: unnamed))
        let bench = StorageConformance(storage, prefix: "photos/2026 may/")
        for check in StorageConformance.Check.allCases {
            if type == "ramfs", [.metadata, .metadataGoesWithItsVersion, .uploadMetadata].contains(check) { continue }
            await bench.run(check)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).allSatisfy { !$0.hasPrefix(".tintype") })
    }

    @Test func anUnfinishedFileOnAMountIsNotAnObjectAndIsSwept() async throws {
        let folder = try TemporaryFolder()
        let mount = try Mount(on: "\(folder.path)/m/with space")
        defer { withExtendedLifetime(mount) {} }
        let features = LocalStorage.Features(unnamedFiles: false)
        let storage = try LocalStorage(root: folder.path, features: features)
        let upload = try await storage.beginUpload(key("m/with space/deep/a"), options: UploadOptions())
        try await upload.uploadPart(ByteBuffer(string: "x"), number: 1)
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: mount.path) }
        #expect(try names().count == 1 && names().allSatisfy { $0.hasPrefix(".tintype-") })
        #expect(try await storage.names().isEmpty)
        let rolled = try await storage.list(ListRequest(delimiter: UInt8(ascii: "/")))
        #expect(rolled == ListPage())
        // The file of a live writer stays.
        #expect(try await storage.sweep() == 0)
        _ = try await upload.complete(mode: .createOnly)
        #expect(try await storage.names() == ["m/with space/deep/a"])
        try folder.write("left by a killed process", to: "m/with space/.tintype-0123")
        #expect(try await storage.sweep() == 1)
        try folder.write("left by a killed process", to: "m/with space/.tintype-0123")
        _ = try LocalStorage(root: folder.path, features: features)
        #expect(try names() == ["deep"])
    }

    /// Derived objects may be on their own disk.
    @Test func theServersOwnFolderMayBeAMount() async throws {
        let folder = try TemporaryFolder()
        let mount = try Mount(on: "\(folder.path)/.tintype")
        defer { withExtendedLifetime(mount) {} }
        let storage = try LocalStorage(root: folder.path)
        try await storage.put("a/b", "1")
        try await storage.put("a/b", "2")
        try await storage.put(".tintype/derived/x", "3")
        #expect(try await storage.names() == [".tintype/derived/x", "a/b"])
        #expect(try folder.names() == ["a"])
    }
}

/// How a file system rejects a name: exFAT and SMB answer EINVAL. The store once treated this as a permanent outage.
@Suite struct LocalNameTests {
    @Test(arguments: [EINVAL, ENAMETOOLONG, EILSEQ])
    func aRejectedNameIsNoOutage(_ number: Int32) {
        #expect(LocalStorageError("mkdirat", number, takesName: true).code == .invalidKey)
    }

    @Test func theSameErrorOfACallWithoutANameIsAnOutage() {
        #expect(LocalStorageError("fsync", EINVAL).code == .unavailable)
    }

    @Test(arguments: [
        ".TINTYPE/tmp/x", ".Tintype/derived/00", ".TINTYPE", "a/.tintype/b", "a/.tintype-x", "．tintype/locks/00",
        ".tıntype/x",
        ".tintype/derived/.tintype-x",
    ])
    func noSpellingLeadsIntoTheServersOwnFolder(_ name: String) async throws {
        let folder = try TemporaryFolder()
        let storage = try LocalStorage(root: folder.path)
        #expect(try await errorCode { try await storage.put(name, "x") } == .invalidKey)
        #expect(try await errorCode { _ = try await storage.head(key(name)) } == .invalidKey)
        #expect(try await errorCode { try await storage.delete(key(name), ifMatch: nil) } == .invalidKey)
        try folder.write("foreign", to: name == ".TINTYPE" ? ".TINTYPE/x" : name)
        #expect(try await storage.names().isEmpty)
        #expect(try await storage.names(prefix: name).isEmpty)
    }
}
