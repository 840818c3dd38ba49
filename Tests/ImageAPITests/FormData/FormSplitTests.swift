import NIOCore
import Testing

@testable import ImageAPI

/// The result does not depend on how a form is split into chunks. Whatever bytes come, nothing is lost or added.
@Suite struct FormSplitTests {
    private static let boundary = "----WebKitFormBoundaryABC"

    /// Contents made of pieces of the delimiter.
    private static func content(_ generator: inout SeededGenerator) -> [UInt8] {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        var bytes: [UInt8] = [UInt8(ascii: "_")]
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            switch Int.random(in: 0...3, using: &generator) {
            case 0: bytes += delimiter.prefix(Int.random(in: 0..<delimiter.count, using: &generator))
            case 1: bytes += [0x0d, 0x0a]
            case 2: bytes += delimiter.suffix(Int.random(in: 0..<delimiter.count, using: &generator))
            default: bytes.append(UInt8.random(in: 0...255, using: &generator))
            }
            // The pieces must not form a delimiter by chance.
            bytes.append(UInt8(ascii: "_"))
        }
        return bytes
    }

    private static func form(_ contents: [[UInt8]]) -> [UInt8] {
        var bytes = Array("preamble \r\n".utf8)
        for content in contents {
            bytes += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n".utf8)
            bytes += Array("Content-Type: image/png\r\nX-Other: 1\r\n\r\n".utf8)
            bytes += content + [0x0d, 0x0a]
        }
        return bytes + Array("--\(boundary)--\r\nepilogue".utf8)
    }

    @Test func aFormInTwoChunksIsReadTheSame() throws {
        var generator = SeededGenerator(state: 1)
        let contents = (0..<4).map { _ in Self.content(&generator) }
        let bytes = Self.form(contents)
        for split in 0...bytes.count {
            let form = try read([Array(bytes[..<split]), Array(bytes[split...])], boundary: Self.boundary)
            try #require(form.contents == contents, "split at \(split)")
            try #require(form.ended)
        }
        let single = try read(bytes.map { [$0] }, boundary: Self.boundary)
        #expect(single.contents == contents)
    }

    @Test func aFormInRandomChunksIsReadTheSame() throws {
        var generator = SeededGenerator(state: 2)
        for round in 0..<300 {
            let contents = (0..<Int.random(in: 0...5, using: &generator)).map { _ in Self.content(&generator) }
            let bytes = Self.form(contents)
            var chunks: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(rest.count, 40), using: &generator)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let form = try read(chunks, boundary: Self.boundary)
            try #require(form.contents == contents, "round \(round)")
        }
    }

    /// Damaged forms: the same events and the same error, whole and byte by byte. No trap, and no more content than
    /// there were bytes.
    @Test func aDamagedFormGivesTheSameErrorInAnyChunks() {
        var generator = SeededGenerator(state: 3)
        for round in 0..<500 {
            var bytes = Self.form((0..<2).map { _ in Self.content(&generator) })
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.removeLast(bytes.count - place)
                }
                if bytes.isEmpty { break }
            }
            let whole = outcome([bytes])
            let single = outcome(bytes.map { [$0] })
            #expect(whole == single, "round \(round)")
            #expect((try? whole.get())?.contents.reduce(0) { $0 + $1.count } ?? 0 <= bytes.count)
        }
    }

    private func outcome(_ chunks: [[UInt8]]) -> Result<ReadForm, FormDataError> {
        Result { () throws(FormDataError) in try read(chunks, boundary: Self.boundary) }
    }

    /// Content is passed on as slices of the input: all of a large chunk in one event.
    @Test func largeContentIsPassedOnInLargePieces() throws {
        var parser = MultipartFormParser(boundary: "b")
        parser.feed(ByteBuffer(string: "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n_"))
        while try parser.next() != nil {}
        let chunk = ByteBuffer(bytes: (0..<65_536).map { UInt8(truncatingIfNeeded: $0) })
        parser.feed(chunk)
        #expect(try parser.next() == .bytes(chunk))
        #expect(try parser.next() == nil)
    }
}
