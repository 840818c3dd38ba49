import Foundation
import Testing

/// The kind of store in which a server stores its images in a test.
enum Backend: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case local
    case seaweed

    static let all = Backend.allCases
    var testDescription: String { rawValue }

    /// A new store of this kind.
    func open() async throws -> any BackendStore {
        switch self {
        case .local: try LocalFolder()
        case .seaweed: try await SeaweedBucket()
        }
    }
}

/// Direct access to a store, without the server.
protocol BackendStore: Sendable {
    /// The settings of a server that uses it.
    var environment: [String: String] { get }
    /// Writes bytes there without the server.
    func plant(_ path: String, _ bytes: [UInt8]) async throws
    /// Everything in the store, including the server's own objects and unfinished uploads.
    func leftovers() async throws -> [String]
}

extension BackendStore {
    /// The objects that are left after the background removals had enough time. Returns at once if nothing is left. The
    /// objects of a server's probe do not count: on SeaweedFS they come and go for up to half a minute, and ProbeTests
    /// checks that they are removed.
    ///
    /// - Parameter isExpected: paths that must stay.
    func remains(but isExpected: (String) -> Bool = { _ in false }) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            // The start of a server leaves these objects: those of its probe, and the result.
            let ofStart = [".tintype/probe/", ".tintype/probed/"]
            let rest = try await leftovers().filter { name in
                !ofStart.contains(where: name.contains) && !isExpected(name)
            }
            if rest.isEmpty || ContinuousClock.now > deadline { return rest }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

/// A temporary folder that is removed with the last reference.
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

    /// All files except the locks, which stay forever.
    func leftovers() throws -> [String] {
        guard let files = FileManager.default.enumerator(atPath: root.path) else { return [] }
        return files.compactMap { $0 as? String }.filter { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
            return !path.hasPrefix(".tintype/locks") && path != ".tintype" && path != ".tintype/tmp"
        }
    }
}
