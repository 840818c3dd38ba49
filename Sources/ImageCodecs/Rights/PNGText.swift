/// A text in a PNG: a tEXt or iTXt chunk (PNG, third edition, 11.3.3.2 and 11.3.3.4).
struct PNGText {
    /// 1 to 79 bytes of Latin 1.
    var keyword: [UInt8]
    /// By zlib.
    var isCompressed: Bool
    /// Latin 1; else UTF-8.
    var isLatin: Bool
    var value: Range<Int>

    /// Nil for another chunk, and for one that is not laid out so.
    init?(_ file: RawSpan, _ chunk: PNGChunk) {
        isLatin = chunk.name == FourCC("tEXt")
        guard isLatin || chunk.name == PNGChunk.internationalText else { return nil }
        func zero(from: Int) -> Int? {
            (from..<max(from, chunk.data.upperBound)).first { file.byte(at: $0) == 0 }
        }
        let start = chunk.data.lowerBound
        guard let end = zero(from: start), (1...79).contains(end - start) else { return nil }
        keyword = file.copy(start..<end)
        if isLatin {
            isCompressed = false
            value = end + 1..<chunk.data.upperBound
            return
        }
        // Compression flag and method, language and translated keyword with a zero each.
        guard end + 3 <= chunk.data.upperBound, let language = zero(from: end + 3),
            let translated = zero(from: language + 1)
        else { return nil }
        isCompressed = file.byte(at: end + 1) != 0
        value = translated + 1..<chunk.data.upperBound
    }
}
