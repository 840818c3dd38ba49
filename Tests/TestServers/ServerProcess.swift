import Foundation
import NIOConcurrencyHelpers

/// A program that runs during a test, with its output in a file. It never outlives the test process: a small shell
/// waits until one of the two ends. Then the shell kills the program, and removes the folder of its log if the test
/// process has ended.
final class ServerProcess: Sendable {
    let processID: Int32
    private let process: Process
    private let watchdog: Process
    private let isOver = NIOLockedValueBox(false)

    init(_ program: String, _ arguments: [String], environment: [String: String], log: URL) throws {
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        processID = process.processIdentifier

        watchdog = Process()
        watchdog.executableURL = URL(fileURLWithPath: "/bin/sh")
        watchdog.arguments = [
            "-c",
            """
            while kill -0 "$1" 2>/dev/null && kill -0 "$2" 2>/dev/null; do sleep 1; done
            kill -9 "$2" 2>/dev/null
            kill -0 "$1" 2>/dev/null || rm -rf "$3"
            """,
            "watchdog", String(ProcessInfo.processInfo.processIdentifier), String(processID),
            log.deletingLastPathComponent().path,
        ]
        watchdog.standardInput = FileHandle.nullDevice
        watchdog.standardOutput = FileHandle.nullDevice
        watchdog.standardError = FileHandle.nullDevice
        try watchdog.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Sends SIGKILL, and waits until the program has ended.
    func kill() {
        let wasOver = isOver.withLockedValue { isOver in
            defer { isOver = true }
            return isOver
        }
        if wasOver { return }
        send(SIGKILL)
        process.waitUntilExit()
        if watchdog.isRunning { watchdog.terminate() }
    }

    func send(_ signal: Int32) {
        if process.isRunning { Foundation.kill(processID, signal) }
    }
}
