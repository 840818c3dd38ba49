import Glibc
import NIOCore
import ObjectStorage

/// A second process on a folder of objects, for the tests. It writes until it is done or killed.
///
///     StorageCrasher add ROOT KEY COUNT     adds 1 to the number in KEY, COUNT times, by replace-if-unchanged
///     StorageCrasher create ROOT COUNT      creates race-0 up to race-COUNT if missing; prints those it created
///     StorageCrasher write ROOT             overwrites w/0 to w/9 and uploads to u/0 to u/9 without end
///     StorageCrasher begin ROOT KEY         begins an upload, writes 1 MiB, prints "begun", and waits
@main
struct StorageCrasher {
    let storage: LocalStorage

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { exit(64) }
        let crasher = StorageCrasher(storage: try LocalStorage(root: arguments[2], partSize: 1 << 20))
        switch (arguments[1], arguments.count) {
        case ("add", 5): try await crasher.add(to: key(arguments[3]), count: Int(arguments[4]) ?? 0)
        case ("create", 4): try await crasher.create(count: Int(arguments[3]) ?? 0)
        case ("write", 3): try await crasher.write()
        case ("begin", 4): try await crasher.begin(key(arguments[3]))
        default: exit(64)
        }
    }

    func add(to key: ObjectKey, count: Int) async throws {
        var left = count
        while left > 0 {
            let object = try await storage.get(key, options: GetOptions())
            let body = try await object.body.collect(upTo: 100)
            let next = (Int(String(buffer: body)) ?? 0) + 1
            if try await put(key, ByteBuffer(string: "\(next)"), mode: .replace(object.info.etag)) { left -= 1 }
        }
    }

    func create(count: Int) async throws {
        for number in 0..<count {
            let bytes = ByteBuffer(string: "\(getpid())")
            if try await put(Self.key("race-\(number)"), bytes, mode: .createOnly) { say("\(number)") }
        }
    }

    /// Each object repeats one byte, so that a mix of two versions is visible.
    func write() async throws {
        for round in 0... {
            let byte = UInt8(round % 256)
            let bytes = ByteBuffer(repeating: byte, count: 200_000 + round % 256)
            _ = try await put(Self.key("w/\(round % 10)"), bytes, mode: .overwrite)
            let upload = try await storage.beginUpload(Self.key("u/\(round % 10)"), options: UploadOptions())
            for number in 1...2 {
                try await upload.uploadPart(ByteBuffer(repeating: byte, count: 1 << 20), number: number)
            }
            _ = try await upload.complete(mode: .overwrite)
            say("\(round)")
        }
    }

    func begin(_ key: ObjectKey) async throws {
        let upload = try await storage.beginUpload(key, options: UploadOptions())
        try await upload.uploadPart(ByteBuffer(repeating: 1, count: 1 << 20), number: 1)
        say("begun")
        try await Task.sleep(for: .seconds(600))
        await upload.abort()
    }

    /// Whether the condition was met.
    private func put(_ key: ObjectKey, _ bytes: ByteBuffer, mode: PutMode) async throws -> Bool {
        do {
            _ = try await storage.put(key, bytes: bytes, options: PutOptions(mode: mode))
            return true
        } catch {
            guard error.code == .preconditionFailed else { throw error }
            return false
        }
    }

    private static func key(_ text: String) -> ObjectKey {
        guard let key = ObjectKey(text) else { exit(64) }
        return key
    }

    /// Prints a line before the next step, even into a pipe.
    private func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        guard Glibc.write(1, line, line.count) == line.count else { exit(74) }
    }
}
