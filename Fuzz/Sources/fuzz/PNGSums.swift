/// Repairs CRCs, so that a changed PNG reaches its decoder: no mutation finds them by chance.
enum PNGSums {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    /// The CRC-32 of a chunk's name and data (PNG specification, annex D).
    static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF as UInt32) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
    }

    /// A whole chunk with its length and CRC.
    ///
    /// - Parameter name: four ASCII letters.
    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return number(UInt32(data.count)) + body + number(crc(body))
    }

    /// The file with the CRC of every complete chunk repaired, if it begins like a PNG; else the file unchanged.
    static func mended(_ file: [UInt8]) -> [UInt8] {
        guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else { return file }
        var file = file
        var at = 8
        while at + 12 <= file.count {
            let length = file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= file.count - at - 12 else { break }
            let end = at + 8 + length
            file.replaceSubrange(end..<end + 4, with: number(crc(file[at + 4..<end])))
            at = end + 4
        }
        return file
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
