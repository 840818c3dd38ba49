import CImageCodecs

extension RawSpan {
    /// The first bytes of the contents of this zlib stream; fewer if it is damaged or ends.
    func inflatedPrefix(_ wanted: Int) -> [UInt8] {
        unsafe withCBytes { (pointer, count) in
            unsafe [UInt8](unsafeUninitializedCapacity: wanted) { (buffer, written) in
                guard let base = buffer.baseAddress else { return }
                written = unsafe tt_inflate_prefix(pointer, count, base, wanted)
            }
        }
    }

    /// The byte at `offset`; traps outside.
    func byte(at offset: Int) -> UInt8 {
        // Checked against the bounds, and every bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Two bytes in network order; nil if they are not there.
    func bigEndian16(at offset: Int) -> Int? {
        guard offset >= 0, offset <= byteCount - 2 else { return nil }
        return Int(byte(at: offset)) << 8 | Int(byte(at: offset + 1))
    }

    /// Four bytes in network order; nil if they are not there.
    func bigEndian32(at offset: Int) -> Int? {
        guard let high = bigEndian16(at: offset), let low = bigEndian16(at: offset + 2) else { return nil }
        return high << 16 | low
    }

    /// Four bytes, the lowest first; nil if they are not there.
    func littleEndian32(at offset: Int) -> Int? {
        guard let value = bigEndian32(at: offset) else { return nil }
        return Int(UInt32(truncatingIfNeeded: value).byteSwapped)
    }

    /// Four letters as one number, the first one highest.
    func fourCC(at offset: Int) -> FourCC? {
        guard let value = bigEndian32(at: offset) else { return nil }
        return FourCC(rawValue: UInt32(truncatingIfNeeded: value))
    }

    /// Whether the bytes begin with these.
    func hasPrefix(_ prefix: [UInt8]) -> Bool { has(prefix, at: 0) }

    /// Whether these bytes are at `offset`.
    func has(_ wanted: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, wanted.count <= byteCount - offset else { return false }
        for (index, value) in wanted.enumerated() where byte(at: offset + index) != value { return false }
        return true
    }

    /// A copy of a range, which must lie inside.
    func copy(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBytes { bytes in unsafe [UInt8](bytes) }
    }
}

/// The name of a chunk in PNG and RIFF: four bytes.
struct FourCC: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The name as text: four ASCII characters.
    init(_ name: StaticString) {
        var value: UInt32 = 0
        for scalar in name.description.unicodeScalars { value = value << 8 | scalar.value & 0xFF }
        rawValue = value
    }

    /// The four bytes in file order.
    var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: rawValue >> UInt32($0)) } }
}
