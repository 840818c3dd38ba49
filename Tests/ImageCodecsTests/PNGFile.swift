/// Writes any kind of PNG without compression, so that a test controls every sample and every chunk.
struct PNGFile {
    var width: Int
    var height: Int
    var depth: Int
    var colorType: UInt8
    /// Chunks between IHDR and IDAT, and between IDAT and IEND.
    var before: [(name: String, data: [UInt8])] = []
    var after: [(name: String, data: [UInt8])] = []

    var samplesPerPixel: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][Int(colorType)] ?? 1 }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The file with the samples `sample(x, y, channel)`, each limited to the depth.
    func bytes(_ sample: (Int, Int, Int) -> Int) -> [UInt8] {
        var raw: [UInt8] = []
        for y in 0..<height {
            raw.append(0)
            var bits = 0
            var count = 0
            for x in 0..<width {
                for channel in 0..<samplesPerPixel {
                    bits = bits << depth | sample(x, y, channel) & (1 << depth - 1)
                    count += depth
                    while count >= 8 {
                        raw.append(UInt8(bits >> (count - 8) & 255))
                        count -= 8
                    }
                }
            }
            if count > 0 { raw.append(UInt8(bits << (8 - count) & 255)) }
        }
        let header = Self.long(width) + Self.long(height) + [UInt8(depth), colorType, 0, 0, 0]
        var file = Self.signature + Self.chunk("IHDR", header)
        for chunk in before { file += Self.chunk(chunk.name, chunk.data) }
        file += Self.chunk("IDAT", Self.zlib(raw))
        for chunk in after { file += Self.chunk(chunk.name, chunk.data) }
        return file + Self.chunk("IEND", [])
    }

    static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return long(data.count) + body + long(Int(crc(body)))
    }

    static func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    /// Stored blocks (RFC 1951 section 3.2.4) in a zlib stream (RFC 1950).
    static func zlib(_ raw: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var at = 0
        repeat {
            let count = min(65_535, raw.count - at)
            let isLast: UInt8 = at + count == raw.count ? 1 : 0
            stream += [isLast, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
            stream += raw[at..<at + count]
            at += count
        } while at < raw.count
        var (low, high) = (1, 0)
        for byte in raw {
            low = (low + Int(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return stream + long(high << 16 | low)
    }

    /// Bit by bit, as defined in annex D of PNG.
    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
        }
        return ~crc
    }
}
