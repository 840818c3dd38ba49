/// One directory of an EXIF block, with look-up of values by tag (TIFF 6.0 section 2). Each offset is checked against
/// the block before it is read.
struct ExifDirectory {
    /// The most bytes of a block that are read: it has 64 KiB at most in a JPEG, and need not be copied whole
    /// elsewhere.
    private static let maximumBytes = 1 << 20

    private let bytes: [UInt8]
    private let isBigEndian: Bool
    /// The offset of each tag's entry; if there are several, the first one counts.
    private let entries: [Int: Int]

    /// The first directory of a block that begins with the TIFF header; nil if it does not.
    init?(first block: RawSpan) {
        let mark = block.bigEndian16(at: 0)
        guard mark == 0x4949 || mark == 0x4D4D else { return nil }
        let isBigEndian = mark == 0x4D4D
        guard Self.short(block, 2, isBigEndian) == 42, let start = Self.long(block, 4, isBigEndian) else { return nil }
        self.init(
            block.copy(0..<min(block.byteCount, Self.maximumBytes)), at: start, isBigEndian: isBigEndian)
    }

    private init?(_ bytes: [UInt8], at start: Int, isBigEndian: Bool) {
        let block = unsafe bytes.span.bytes
        guard let count = Self.short(block, start, isBigEndian) else { return nil }
        var entries: [Int: Int] = [:]
        for index in 0..<min(count, ExifReader.maximumEntries) {
            let entry = start + 2 + index * 12
            guard entry <= block.byteCount - 12, let tag = Self.short(block, entry, isBigEndian) else { break }
            if entries[tag] == nil { entries[tag] = entry }
        }
        self.bytes = bytes
        self.isBigEndian = isBigEndian
        self.entries = entries
    }

    /// A directory that this one points to.
    func directory(_ tag: Int) -> ExifDirectory? {
        guard let start = number(tag) else { return nil }
        return ExifDirectory(bytes, at: start, isBigEndian: isBigEndian)
    }

    /// The value of a single BYTE, SHORT or LONG.
    func number(_ tag: Int) -> Int? {
        guard let value = value(tag), value.count == 1 else { return nil }
        let block = unsafe bytes.span.bytes
        switch value.type {
        case 1: return Int(block.byte(at: value.start))
        case 3: return Self.short(block, value.start, isBigEndian)
        case 4: return Self.long(block, value.start, isBigEndian)
        default: return nil
        }
    }

    /// ASCII up to its first zero, at most 1,024 bytes.
    func text(_ tag: Int) -> [UInt8]? {
        guard let value = value(tag), value.type == 2 else { return nil }
        return Array(bytes[value.start..<value.start + min(value.count, 1_024)].prefix { $0 != 0 })
    }

    /// Up to three RATIONALs; nil if one of them has a zero denominator.
    func rationals(_ tag: Int) -> [Double]? {
        guard let value = value(tag), value.type == 5, (1...3).contains(value.count) else { return nil }
        let block = unsafe bytes.span.bytes
        var numbers: [Double] = []
        for index in 0..<value.count {
            guard let above = Self.long(block, value.start + index * 8, isBigEndian),
                let below = Self.long(block, value.start + index * 8 + 4, isBigEndian), below != 0
            else { return nil }
            numbers.append(Double(above) / Double(below))
        }
        return numbers
    }

    /// Type, number of values, and their offset: in the entry itself if four bytes are enough.
    private func value(_ tag: Int) -> (type: Int, count: Int, start: Int)? {
        let block = unsafe bytes.span.bytes
        guard let entry = entries[tag], let type = Self.short(block, entry + 2, isBigEndian),
            let count = Self.long(block, entry + 4, isBigEndian), count > 0
        else { return nil }
        let width: Int
        switch type {
        case 1, 2, 7: width = 1
        case 3: width = 2
        case 4: width = 4
        case 5: width = 8
        default: return nil
        }
        let size = count * width
        guard let start = size <= 4 ? entry + 8 : Self.long(block, entry + 8, isBigEndian), size <= bytes.count,
            start <= bytes.count - size
        else { return nil }
        return (type, count, start)
    }

    private static func short(_ block: RawSpan, _ offset: Int, _ isBigEndian: Bool) -> Int? {
        guard let value = block.bigEndian16(at: offset) else { return nil }
        return isBigEndian ? value : (value & 0xFF) << 8 | value >> 8
    }

    private static func long(_ block: RawSpan, _ offset: Int, _ isBigEndian: Bool) -> Int? {
        isBigEndian ? block.bigEndian32(at: offset) : block.littleEndian32(at: offset)
    }
}
