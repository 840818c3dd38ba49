import Testing

/// Runs the fuzz targets of Fuzz/ on some hundred mutations of their seeds, the same ones in every run.
@Suite struct MutationTests {
    /// SplitMix64.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    /// Texts that are difficult for parsers.
    private static let words = [
        "\r\n", "\n", "\r", " ", "\t", ":", ";", ",", "\"", "\0", "0", "5\r\nabcde\r\n", "0\r\n\r\n", "\r\n\r\n",
        "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: h\r\n", "Connection: close\r\n", "HTTP/1.0",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "X: y\r\n", "\u{E9}", "W/", "bytes=", "q=0.5", "%00",
    ].map { Array($0.utf8) }

    private func mutate(_ bytes: [UInt8], with generator: inout Generator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let at = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, at + Int.random(in: 0...6, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.removeSubrange(at..<end)
            case 1: bytes.insert(contentsOf: Self.words.randomElement(using: &generator) ?? [], at: at)
            case 2: bytes.replaceSubrange(at..<end, with: Self.words.randomElement(using: &generator) ?? [])
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
            default: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
            }
        }
        return bytes
    }

    private func run(_ seeds: [[UInt8]], rounds: Int, _ check: ([UInt8]) -> String?) {
        var generator = Generator(state: 1)
        for seed in seeds {
            if let error = check(seed) {
                Issue.record("\(error): \(String(decoding: seed, as: UTF8.self).debugDescription)")
            }
            for _ in 0..<rounds {
                let bytes = mutate(seed, with: &generator)
                guard let error = check(bytes) else { continue }
                Issue.record("\(error): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                return
            }
        }
    }

    @Test func headsAreReadAsTheParserReadsThem() { run(HeadFuzzing.seeds, rounds: 150, HeadFuzzing.error) }

    @Test func fieldsAreReadInOneWay() { run(FieldFuzzing.seeds, rounds: 400, FieldFuzzing.error) }
}
