import Foundation
import NIOCore
import ObjectStorage
import Testing

/// No link leads out of the root, and no write follows a link.
@Suite struct LocalSymlinkTests {
    let outside: TemporaryFolder
    let folder: TemporaryFolder
    let storage: LocalStorage

    init() throws {
        outside = try TemporaryFolder()
        try outside.write("secret", to: "secret")
        try outside.write("secret", to: "deep/secret")
        folder = try TemporaryFolder()
        storage = try LocalStorage(root: folder.path)
        try folder.link("file", to: outside.path + "/secret")
        try folder.link("folder", to: outside.path + "/deep")
        try folder.link("up", to: "..")
        try folder.link("loop", to: "loop")
        try folder.link("nowhere", to: outside.path + "/new")
    }

    @Test(arguments: ["file", "folder", "folder/secret", "up", "up/tmp", "loop", "loop/x", "nowhere"])
    func readsOfALinkAreNotFound(_ name: String) async throws {
        let key = try key(name)
        #expect(try await errorCode { _ = try await storage.head(key) } == .notFound)
        #expect(try await errorCode { _ = try await storage.get(key, options: GetOptions()) } == .notFound)
        try await storage.delete(key, ifMatch: nil)
        #expect(outside.text(of: "secret") == "secret" && outside.text(of: "deep/secret") == "secret")
    }

    @Test func linksAreNotListed() async throws {
        #expect(try await storage.names().isEmpty)
        #expect(try await storage.names(prefix: "folder/").isEmpty)
        #expect(try await storage.names(prefix: "up/").isEmpty)
        #expect(try await storage.list(ListRequest(delimiter: UInt8(ascii: "/"))) == ListPage())
    }

    @Test(arguments: ["file", "nowhere", "loop", "folder"])
    func aWriteReplacesALink(_ name: String) async throws {
        try await storage.put(name, "mine", mode: .createOnly)
        #expect(try await storage.text(of: name) == "mine")
        #expect(outside.text(of: "secret") == "secret" && outside.text(of: "deep/secret") == "secret")
        #expect(outside.text(of: "new") == nil)
        #expect(try folder.leftovers().isEmpty)
    }

    @Test(arguments: ["folder/new", "folder/secret", "up/new", "loop/x", "file/x"])
    func noWriteFollowsALink(_ name: String) async throws {
        #expect(try await errorCode { try await storage.put(name, "mine") } == .conflict)
        #expect(outside.text(of: "deep/secret") == "secret")
        #expect(outside.text(of: "deep/new") == nil)
    }

    @Test func theStoresOwnFolderMustNotBeALink() throws {
        let root = try TemporaryFolder()
        try root.link(".tintype", to: outside.path)
        #expect(throws: StorageError.self) { try LocalStorage(root: root.path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).sorted() == ["deep", "secret"])
    }

    @Test func theRootMayBeALink() async throws {
        let root = try TemporaryFolder()
        try root.link("root", to: outside.path)
        let storage = try LocalStorage(root: root.path + "/root")
        #expect(try await storage.text(of: "deep/secret") == "secret")
    }
}
