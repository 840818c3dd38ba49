import AccessControl
import Logging
import Metrics
import NIOPosix
import ServiceLifecycle
import TintypeSettings

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads the files of keys, at the start and then each second, so that keys change without a restart. Kubernetes swaps
/// symbolic links, which a watch on the file does not see.
struct CredentialFiles: Service {
    private let files: [WatchedFile]
    /// The texts that are in force.
    private let texts: [String]
    private let logger: Logger

    private static let interval = Duration.seconds(1)
    /// A larger file is an error.
    private static let maximumBytes = 1 << 20

    /// One file, and what happens with a new text.
    private struct WatchedFile: Sendable {
        var setting: String
        var path: String
        var apply: @Sendable (String) throws -> Void
    }

    /// - Throws: ``StartError`` if a file cannot be read, or is wrong.
    init(_ settings: Settings, access: AccessControl, logger: Logger) throws(StartError) {
        var files: [WatchedFile] = []
        if let path = settings.apiKeysFile {
            files.append(
                WatchedFile(setting: "API_KEYS_FILE", path: path) { text in
                    access.replace(apiKeys: try APIKeys(parsing: settings.list(\.apiKeys) + text))
                })
        }
        if let path = settings.urlSigningKeysFile {
            files.append(
                WatchedFile(setting: "URL_SIGNING_KEYS_FILE", path: path) { text in
                    access.replace(signingKeys: try SigningKeys(parsing: settings.list(\.urlSigningKeys) + text))
                })
        }
        var texts: [String] = []
        for file in files {
            do {
                texts.append(try Self.read(file.path))
                try file.apply(texts[texts.count - 1])
            } catch {
                throw StartError("\(file.setting)=\(file.path): \(error)")
            }
        }
        self.files = files
        self.texts = texts
        self.logger = logger
    }

    func run() async throws {
        guard !files.isEmpty else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            var last = texts
            while (try? await Task.sleep(for: Self.interval)) != nil {
                for (index, file) in files.enumerated() { await check(file, &last[index]) }
            }
        }
    }

    /// - Parameter last: the text, or the error, of the last time.
    private func check(_ file: WatchedFile, _ last: inout String) async {
        let text: String
        do {
            text = try await NIOThreadPool.singleton.runIfActive { try Self.read(file.path) }
        } catch {
            return note("\(error)", of: file, &last)
        }
        guard text != last else { return }
        do {
            try file.apply(text)
        } catch {
            return note("\(error)", of: file, &last)
        }
        last = text
        Self.counter(file, "ok").increment()
        logger.notice("keys were reloaded", metadata: ["setting": "\(file.setting)"])
    }

    /// A wrong file keeps the keys of the last good one. The error names no key.
    private func note(_ error: String, of file: WatchedFile, _ last: inout String) {
        guard last != error else { return }
        last = error
        Self.counter(file, "error").increment()
        logger.error(
            "keys cannot be reloaded, the last good ones stay in force",
            metadata: ["setting": "\(file.setting)", "file": "\(file.path)", "error": "\(error)"])
    }

    private static func counter(_ file: WatchedFile, _ result: String) -> Counter {
        Counter(
            label: "tintype_key_reloads_total", dimensions: [("setting", file.setting), ("result", result)])
    }

    private static func read(_ path: String) throws -> String {
        let bytes = try Data(contentsOf: URL(filePath: path))
        guard bytes.count <= maximumBytes else { throw StartError("more than \(maximumBytes) bytes") }
        guard let text = String(data: bytes, encoding: .utf8) else { throw StartError("not UTF-8") }
        return text
    }
}

extension Settings {
    /// A list from the environment, as the beginning of a longer one.
    fileprivate func list(_ path: KeyPath<Settings, Secret?>) -> String {
        self[keyPath: path].map { $0.revealed + "\n" } ?? ""
    }
}
