import Dispatch
import Foundation
import Glibc

/// A running `StorageCrasher`. The program is in the folder of the test runner. It is killed when the last reference
/// goes.
final class ChildProcess: Sendable {
    struct SystemCallError: Error {
        let call: String
        let number: Int32
    }

    private let id: pid_t
    private let output: Int32

    init(_ arguments: String...) throws {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: runner).deletingLastPathComponent().appendingPathComponent("StorageCrasher")
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemCallError(call: "pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var words: [UnsafeMutablePointer<CChar>?] = ([program.path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        let number = posix_spawn(&id, program.path, &actions, nil, &words, environ)
        guard number == 0 else {
            close(ends[0])
            throw SystemCallError(call: "posix_spawn", number: number)
        }
        self.id = id
        self.output = ends[0]
    }

    deinit {
        kill()
        close(output)
    }

    func kill() {
        Glibc.kill(id, SIGKILL)
    }

    /// The next line that the process prints; nil at the end.
    func line() async -> String? {
        await blocking { [output] in
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while read(output, &byte, 1) == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            return nil
        }
    }

    func lines() async -> [String] {
        var lines: [String] = []
        while let line = await line() { lines.append(line) }
        return lines
    }

    /// The exit code after the process has ended, or 128 plus the number of the signal. Call this only once.
    func exit() async -> Int32 {
        await blocking { [id] in
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0 && errno == EINTR {}
            // The layout of wait(2).
            return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
        }
    }

    /// Runs the closure on a thread that may block.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }
}
