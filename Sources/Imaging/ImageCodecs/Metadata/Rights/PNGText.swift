/// A text in a PNG: a tEXt, zTXt or iTXt chunk (PNG, third edition, 11.3.3).
struct PNGText {
    /// 1 to 79 bytes of Latin 1.
    var keyword: [UInt8]
    /// Compressed with zlib.
    var isCompressed: Bool
    /// Latin 1, not UTF-8.
    var isLatin: Bool
    var value: Range<Int>

    static let names: Set<FourCC> = [FourCC("tEXt"), FourCC("zTXt"), PNGChunk.internationalText]

    /// Nil for another chunk, and for one that is malformed.
    init?(_ file: RawSpan, _ chunk: PNGChunk) {
        guard Self.names.contains(chunk.name) else { return nil }
        isLatin = chunk.name != PNGChunk.internationalText
        func zero(from: Int) -> Int? {
            (from..<max(from, chunk.data.upperBound)).first { file.byte(at: $0) == 0 }
        }
        let start = chunk.data.lowerBound
        guard let end = zero(from: start), (1...79).contains(end - start) else { return nil }
        keyword = file.copy(start..<end)
        if isLatin {
            isCompressed = chunk.name == FourCC("zTXt")
            // One byte is the compression method.
            let head = isCompressed ? end + 2 : end + 1
            guard head <= chunk.data.upperBound else { return nil }
            value = head..<chunk.data.upperBound
            return
        }
        // Compression flag and method, language and translated keyword with a zero each.
        guard end + 3 <= chunk.data.upperBound, let language = zero(from: end + 3),
            let translated = zero(from: language + 1)
        else { return nil }
        isCompressed = file.byte(at: end + 1) != 0
        value = translated + 1..<chunk.data.upperBound
    }

    /// The keyword in lower-case letters and digits only, so that a name is found however it is spelled.
    var plainKeyword: [UInt8] {
        keyword.compactMap { byte in
            switch byte {
            case 0x41...0x5A: byte | 0x20
            case 0x61...0x7A, 0x30...0x39: byte
            default: nil
            }
        }
    }

    /// Whether the keyword is the one of XMP (XMP part 3, 1.1.5).
    var isXMP: Bool { plainKeyword == Array("xmlcomadobexmp".utf8) }

    /// The kind of a profile that ImageMagick and exiftool store as hexadecimal digits: `exif`, `xmp`, `iptc`, `app1`,
    /// `icc`; nil for another text.
    var profileKind: String? {
        let prefix = Array("rawprofiletype".utf8)
        guard plainKeyword.starts(with: prefix) else { return nil }
        return String(decoding: plainKeyword.dropFirst(prefix.count), as: UTF8.self)
    }

    /// A chunk of this name and keyword with another value, not compressed.
    func chunk(of file: RawSpan, _ original: PNGChunk, value bytes: [UInt8]) -> [UInt8] {
        guard !isLatin else { return PNGChunk.encode(FourCC("tEXt"), keyword + [0] + bytes) }
        var head = file.copy(original.data.lowerBound..<value.lowerBound)
        head[keyword.count + 1] = 0
        return PNGChunk.encode(original.name, head + bytes)
    }
}

/// Inflates the texts of one PNG within limits: a file may have a hundred thousand, each of which inflates to a
/// megabyte.
struct PNGTextReader {
    static let maximumBytes = 1 << 20

    /// How many more texts may be inflated.
    private var left: Int

    init(texts: Int = 16) {
        left = texts
    }

    /// The value; nil if it is longer than a megabyte, or the limit is reached.
    mutating func value(of text: PNGText, in file: RawSpan) -> [UInt8]? {
        guard left > 0, text.value.count <= Self.maximumBytes else { return nil }
        left -= 1
        guard text.isCompressed else { return file.copy(text.value) }
        let value = file.extracting(text.value).inflatedPrefix(Self.maximumBytes + 1)
        return value.count > Self.maximumBytes ? nil : value
    }
}

/// Metadata of another format as the text of a PNG, as ImageMagick writes it: a name, a length, hexadecimal digits.
enum PNGProfile {
    /// The bytes; nil if the text has another form.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        // A line end, the name, the length in decimal, each on its own line.
        let lines = text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0].isEmpty else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines[3].count / 2)
        var high: UInt8?
        for letter in lines[3] {
            guard let digit = digit(letter) else {
                guard letter <= 0x20 else { break }
                continue
            }
            if let half = high {
                bytes.append(half << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    /// The same text with other bytes; its name stays.
    static func encode(_ bytes: [UInt8], like text: [UInt8]) -> [UInt8] {
        let lines = text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        let digits = Array("0123456789abcdef".utf8)
        var result: [UInt8] = [0x0A] + (lines.count == 4 ? lines[1] : []) + [0x0A]
        result += Array("\(bytes.count)".utf8)
        for (index, byte) in bytes.enumerated() {
            if index % 36 == 0 { result.append(0x0A) }
            result += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return result + [0x0A]
    }

    private static func digit(_ letter: UInt8) -> UInt8? {
        switch letter {
        case 0x30...0x39: letter - 0x30
        case 0x41...0x46, 0x61...0x66: (letter | 0x20) - 0x57
        default: nil
        }
    }
}
