import Foundation
import NIOCore
import Testing

@testable import ObjectStorage

/// Properties of files only: paths, links, folders, and changes that a person makes to the files.
@Suite struct LocalFilesTests {
    let folder: TemporaryFolder
    let storage: LocalStorage

    init() throws {
        folder = try TemporaryFolder()
        storage = try LocalStorage(root: folder.path, partSize: 1000)
    }

    @Test func aFilePutThereByHandIsAnObject() async throws {
        try folder.write("by hand", to: "a/b c/d.jpg")
        #expect(try await storage.text(of: "a/b c/d.jpg") == "by hand")
        let info = try await storage.head(key("a/b c/d.jpg"))
        #expect(info.size == 7 && info.contentType == nil && info.metadata.isEmpty)
        #expect(try await storage.names() == ["a/b c/d.jpg"])
        let etag = try await storage.put("a/b c/d.jpg", "replaced", mode: .replace(info.etag))
        #expect(etag != info.etag)
        #expect(folder.text(of: "a/b c/d.jpg") == "replaced")
    }

    @Test func aChangeByHandChangesTheVersion() async throws {
        let etag = try await storage.put("a", "one")
        try folder.write("two", to: "a")
        #expect(try await storage.head(key("a")).etag != etag)
        #expect(
            try await errorCode { try await storage.put("a", "three", mode: .replace(etag)) } == .preconditionFailed
        )
    }

    @Test(arguments: [
        "a//b", "/a", "a/", "/", ".", "..", "a/../b", "../a", "a/./b", "a/..", "./a",
        String(repeating: "x", count: 256),
        "a/\(String(repeating: "é", count: 128))/b", ".tintype", ".tintype/tmp", ".tintype/tmp/x", ".tintype/locks/00",
    ])
    func aKeyThatIsNotAPathIsRejected(_ name: String) async throws {
        let key = try key(name)
        #expect(try await errorCode { try await storage.put(name, "x") } == .invalidKey)
        #expect(try await errorCode { _ = try await storage.head(key) } == .invalidKey)
        #expect(try await errorCode { _ = try await storage.get(key, options: GetOptions()) } == .invalidKey)
        #expect(try await errorCode { try await storage.delete(key, ifMatch: nil) } == .invalidKey)
        #expect(
            try await errorCode { _ = try await storage.beginUpload(key, options: UploadOptions()) } == .invalidKey
        )
        #expect(try await storage.names(prefix: name).isEmpty)
        #expect(try folder.names().isEmpty)
    }

    @Test func theServersOwnObjectsAreObjects() async throws {
        try await storage.put(".tintype/renditions/ab/1", "rendition")
        try await storage.put("photo", "x")
        #expect(try await storage.text(of: ".tintype/renditions/ab/1") == "rendition")
        #expect(try await storage.names() == [".tintype/renditions/ab/1", "photo"])
        #expect(try await storage.names(prefix: ".tintype/") == [".tintype/renditions/ab/1"])
        #expect(try await storage.names(prefix: ".tintype/tmp").isEmpty)
        #expect(try await storage.names(prefix: ".tintype/locks/").isEmpty)
        let slash = UInt8(ascii: "/")
        let page = try await storage.list(ListRequest(delimiter: slash, startAfter: Array(".tintype0".utf8)))
        #expect(page.items.map(\.key.text) == ["photo"] && page.prefixes.isEmpty)
        try await storage.delete(key(".tintype/renditions/ab/1"), ifMatch: nil)
        let rolled = try await storage.list(ListRequest(delimiter: slash))
        #expect(rolled.prefixes.isEmpty)
    }

    @Test func aKeyThatIsAlsoAFolderIsAConflict() async throws {
        try await storage.put("a", "file")
        #expect(try await errorCode { try await storage.put("a/b", "x") } == .conflict)
        #expect(try await errorCode { try await storage.put("a/b/c", "x", mode: .createOnly) } == .conflict)
        #expect(try await errorCode { _ = try await storage.head(key("a/b")) } == .notFound)
        try await storage.delete(key("a/b"), ifMatch: nil)
        #expect(try await storage.text(of: "a") == "file")
        try await storage.put("d/e/f", "file")
        #expect(try await errorCode { try await storage.put("d", "x") } == .conflict)
        #expect(try await errorCode { try await storage.put("d/e", "x") } == .conflict)
        #expect(try await errorCode { _ = try await storage.head(key("d/e")) } == .notFound)
        #expect(try await storage.names() == ["a", "d/e/f"])
        #expect(try folder.leftovers().isEmpty)
    }

    @Test func aFolderIsRemovedWithItsLastFile() async throws {
        try await storage.put("a/b/c/1", "x")
        try await storage.put("a/2", "x")
        try await storage.delete(key("a/b/c/1"), ifMatch: nil)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/a/b"))
        try await storage.delete(key("a/2"), ifMatch: nil)
        #expect(try folder.names().isEmpty)
        // So the name is available for a file.
        try await storage.put("a", "file")
    }

    /// A process that is killed after it made its folders, but before it made its file, leaves empty folders. They must
    /// not block the name.
    @Test func emptyFoldersDoNotBlockAKey() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/a/b/c", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/a/d", withIntermediateDirectories: true)
        let rolled = try await storage.list(ListRequest(delimiter: UInt8(ascii: "/")))
        #expect(rolled == ListPage())
        #expect(try await storage.names().isEmpty)
        try await storage.put("a", "file", mode: .createOnly)
        #expect(try await storage.names() == ["a"])
    }

    @Test func aRejectedWriteLeavesNoFolder() async throws {
        let etag = try await storage.put("x", "x")
        #expect(
            try await errorCode { try await storage.put("a/b/c", "y", mode: .replace(etag)) } == .preconditionFailed
        )
        #expect(try folder.names() == ["x"])
        #expect(try folder.leftovers().isEmpty)
    }

    @Test func aWriteAndADeleteThatRaceForAFolderLoseNothing() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { [storage] in
                    for round in 0..<50 {
                        try await storage.put("f/g/\(task)", "\(round)", mode: .createOnly)
                        #expect(try await storage.text(of: "f/g/\(task)") == "\(round)")
                        try await storage.delete(key("f/g/\(task)"), ifMatch: nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try folder.names().isEmpty)
    }

    @Test func aFileNameThatIsNotUTF8IsNotListed() async throws {
        let path = Array("\(folder.path)/bad-".utf8) + [0xFF, 0xFE, 0]
        let file = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o644) } ?? -1 }
        }
        try #require(file >= 0)
        close(file)
        try await storage.put("good", "x")
        #expect(try await storage.names() == ["good"])
    }

    @Test func aPipeIsNotAnObject() async throws {
        #expect(mkfifo("\(folder.path)/pipe", 0o644) == 0)
        #expect(try await errorCode { _ = try await storage.get(key("pipe"), options: GetOptions()) } == .notFound)
        #expect(try await storage.names().isEmpty)
    }

    @Test func metadataThatDoNotFitAHeaderAreRejected() async throws {
        let bad: [ObjectMetadata] = [
            ["Upper": "x"], ["a b": "x"], ["": "x"], ["id": "line\nbreak"], ["id": "é"],
            ["id": String(repeating: "x", count: 2047)],
        ]
        for metadata in bad {
            let options = PutOptions(metadata: metadata)
            let code = try await errorCode {
                _ = try await storage.put(key("a"), bytes: ByteBuffer(string: "x"), options: options)
            }
            #expect(code == .unsupported, "\(metadata)")
        }
        let most = PutOptions(metadata: ["id": String(repeating: "x", count: 2046)])
        _ = try await storage.put(key("a"), bytes: ByteBuffer(string: "x"), options: most)
        #expect(try await storage.head(key("a")).metadata == most.metadata)
    }

    @Test func aRootThatIsAFileIsRejected() throws {
        try folder.write("x", to: "file")
        #expect(throws: StorageError.self) { try LocalStorage(root: folder.path + "/file") }
        #expect(throws: StorageError.self) { try LocalStorage(root: folder.path + "/file/below") }
    }

    @Test func theRootIsCreatedWithItsParentFolders() async throws {
        let deep = try LocalStorage(root: folder.path + "/x/y/z")
        try await deep.put("a", "1")
        #expect(folder.text(of: "x/y/z/a") == "1")
        try await deep.checkAvailability()
    }

    @Test func aRemovedRootIsNotAvailable() async throws {
        let inner = try LocalStorage(root: folder.path + "/inner")
        try await inner.put("a", "1")
        try FileManager.default.removeItem(atPath: folder.path + "/inner")
        #expect(try await errorCode { try await inner.checkAvailability() } == .unavailable)
        #expect(try await errorCode { try await inner.put("b", "1") } == .unavailable)
    }

    @Test func theStoresOwnFoldersAreCreatedAgain() async throws {
        try FileManager.default.removeItem(atPath: folder.path + "/.tintype")
        try await storage.put("a", "1", mode: .createOnly)
        #expect(try await storage.text(of: "a") == "1")
        try await storage.checkAvailability()
    }

    @Test(arguments: ["", "!", "Y", "é", String(repeating: "a", count: 5000)])
    func aForeignCursorIsRejected(_ cursor: String) async throws {
        #expect(try await errorCode { _ = try await storage.list(ListRequest(cursor: cursor)) } == .badCursor)
    }
}
