import AsyncHTTPClient
import Foundation
import NIOCore

/// The built binary, run as a separate process.
final class TintypeServer: Sendable {
    struct ServerError: Error, CustomStringConvertible {
        var description: String
    }

    let base: String
    let ops: String
    /// The public port, for raw sockets.
    let port: Int
    let opsPort: Int
    private let process: Process
    private let log: URL

    /// Starts the server and waits until it is ready.
    ///
    /// - Parameters:
    ///   - ready: whether to wait until the server is ready; false: only until it listens.
    ///   - arguments: of the command `serve`.
    ///   - openFiles: how many descriptors the server may have; nil: as many as this process.
    static func start(
        _ environment: [String: String], ready: Bool = true, arguments: [String] = [], openFiles: Int? = nil
    ) async throws -> TintypeServer {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("tintype-\(UUID()).log")
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw ServerError(description: "no log file at \(log.path)")
        }
        let process = Process()
        process.executableURL = try binary()
        process.arguments = ["serve"] + arguments
        if let openFiles {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "ulimit -n \(openFiles) && exec \"$0\" serve", try binary().path]
        }
        let basics = [
            "HOST": "127.0.0.1", "PORT": "0", "OPS_PORT": "0", "LOG_FORMAT": "json", "DRAIN_SECONDS": "0",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
        ]
        process.environment = basics.merging(environment) { $1 }
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if let port = port(of: "public listener is bound", in: text),
                let opsPort = self.port(of: "ops listener is bound", in: text)
            {
                let server = TintypeServer(port: port, opsPort: opsPort, process: process, log: log)
                if ready { try await server.waitUntilReady() }
                return server
            }
            guard process.isRunning else {
                throw ServerError(description: "the server ended with \(process.terminationStatus): \(text)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        kill(process.processIdentifier, SIGKILL)
        throw ServerError(description: "the server does not listen")
    }

    private init(port: Int, opsPort: Int, process: Process, log: URL) {
        base = "http://127.0.0.1:\(port)"
        ops = "http://127.0.0.1:\(opsPort)"
        self.port = port
        self.opsPort = opsPort
        self.process = process
        self.log = log
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: log)
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var exitCode: Int32 { process.terminationStatus }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func signal(_ signal: Int32) {
        kill(pid, signal)
    }

    /// Waits until the process has ended.
    func waitForExit(seconds: Double) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while process.isRunning {
            guard ContinuousClock.now < deadline else { throw ServerError(description: "the server does not end") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Sends SIGKILL, and waits until the process has ended.
    func kill9() async throws {
        signal(SIGKILL)
        try await waitForExit(seconds: 10)
    }

    func waitUntilReady(seconds: Double = 20) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var last = ""
        while ContinuousClock.now < deadline {
            let answer = try? await HTTP.get("\(ops)/readyz")
            if answer?.status == 200 { return }
            last = answer?.text ?? "no answer"
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError(description: "the server is not ready: \(last)\n\(logText)")
    }

    /// Resident memory in bytes, as the kernel counts it.
    func residentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw ServerError(description: "no VmRSS")
        }
        return kilobytes * 1024
    }

    /// TINTYPE_BIN, or the binary that was built next to these tests.
    static func binary() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["TINTYPE_BIN"] { return URL(fileURLWithPath: path) }
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let binary = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("tintype")
        guard FileManager.default.isExecutableFile(atPath: binary.path) else {
            throw ServerError(description: "no tintype binary at \(binary.path): build it, or set TINTYPE_BIN")
        }
        return binary
    }

    /// The port in the log line with this message: `"address":"[IPv4]127.0.0.1/127.0.0.1:8080"`.
    private static func port(of message: String, in log: String) -> Int? {
        guard let line = log.split(separator: "\n").first(where: { $0.contains(message) }),
            let address = line.range(of: "\"address\":\"")
        else { return nil }
        return line[address.upperBound...].prefix { $0 != "\"" }.split(separator: ":").last.flatMap { Int($0) }
    }
}
