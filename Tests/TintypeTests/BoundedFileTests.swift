import Foundation
import Testing

@testable import tintype

@Suite("Small files")
struct BoundedFileTests {
    private func write(_ bytes: [UInt8]) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("bounded-\(UUID())")
        try Data(bytes).write(to: file)
        return file
    }

    @Test("A file is read whole, up to the limit", arguments: [0, 1, 65_536, 99_999, 100_000])
    func whole(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let file = try write(bytes)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try BoundedFile.read(file.path, atMost: 100_000) == bytes)
    }

    @Test("A longer file is an error that names the limit")
    func tooLong() throws {
        let file = try write([UInt8](repeating: 0, count: 100_001))
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: StartError.self) { try BoundedFile.read(file.path, atMost: 100_000) }
        #expect(error?.description == "more than 100000 bytes")
    }

    /// The limit used to be looked at after the whole file was read: this one has no end.
    @Test("A device without an end is an error, too")
    func endless() {
        let error = #expect(throws: StartError.self) { try BoundedFile.read("/dev/zero", atMost: 1 << 20) }
        #expect(error?.description == "more than 1048576 bytes")
    }

    @Test("What cannot be read says why", arguments: ["/nonexistent/file", "/proc/self"])
    func unreadable(_ path: String) {
        let error = #expect(throws: StartError.self) { try BoundedFile.read(path, atMost: 10) }
        #expect(error?.description.hasPrefix("it cannot be read: ") == true)
    }
}
