import Foundation
import Testing

/// Where a server keeps its images in a test.
enum Backend: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case local
    case seaweed

    static let all = Backend.allCases
    var testDescription: String { rawValue }

    /// A fresh store of this kind.
    func open() async throws -> any BackendStore {
        switch self {
        case .local: try LocalFolder()
        case .seaweed: try await SeaweedBucket()
        }
    }
}

/// A store, seen from behind the server's back.
protocol BackendStore: Sendable {
    /// The settings of a server over it.
    var environment: [String: String] { get }
    /// Puts bytes there without the server.
    func plant(_ path: String, _ bytes: [UInt8]) async throws
    /// Everything that lies there, the server's own notes and unfinished uploads included.
    func leftovers() async throws -> [String]
}

extension BackendStore {
    /// What is still there when what is removed in the background has had its time. Empty as soon as nothing is. The
    /// traces of a server's probe do not count: they come and go for as long as half a minute on SeaweedFS, and
    /// ProbeTests sees to it that they go.
    ///
    /// - Parameter isExpected: paths that are to stay.
    func remains(but isExpected: (String) -> Bool = { _ in false }) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            // What the start of a server leaves: what its probe writes, and what it has found.
            let ofStart = [".tintype/probe/", ".tintype/probed/"]
            let rest = try await leftovers().filter { name in
                !ofStart.contains(where: name.contains) && !isExpected(name)
            }
            if rest.isEmpty || ContinuousClock.now > deadline { return rest }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

/// A temporary folder, removed with the last reference.
final class LocalFolder: BackendStore {
    let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("tintype-e2e-\(UUID())")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: root)
    }

    var environment: [String: String] { ["STORAGE_TYPE": "local", "LOCAL_STORAGE_PATH": root.path] }

    func plant(_ path: String, _ bytes: [UInt8]) throws {
        let file = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// All files but the locks, which stay for ever.
    func leftovers() throws -> [String] {
        guard let files = FileManager.default.enumerator(atPath: root.path) else { return [] }
        return files.compactMap { $0 as? String }.filter { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
            return !path.hasPrefix(".tintype/locks") && path != ".tintype" && path != ".tintype/tmp"
        }
    }
}
