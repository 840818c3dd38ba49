/// Baseline JPEGs (ITU-T T.81), which the project's encoder does not write: three components, one scan, noise.
struct BaselineJPEG {
    private var bits: UInt64 = 0
    private var count = 0
    private var data: [UInt8] = []

    /// A file with noise that is the same in every run.
    ///
    /// - Parameters:
    ///   - width: in pixels, 1 to 255.
    ///   - height: in pixels, 1 to 255.
    ///   - sampling: the factor of the first component along both axes, 1 or 2.
    ///   - restart: the number of MCUs between two restart markers, 0 to 255; 0: no markers.
    static func file(width: Int, height: Int, sampling: Int, restart: Int) -> [UInt8] {
        func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
            [0xFF, marker, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 255)] + payload
        }
        var file: [UInt8] = [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 9, count: 64))
        let factors = UInt8(sampling << 4 | sampling)
        file += segment(
            0xC0, [8, 0, UInt8(height), 0, UInt8(width), 3, 1, factors, 0, 2, 0x11, 0, 3, 0x11, 0])
        // Sixteen five-bit codes for the first coefficients, 160 eight-bit codes for the others.
        let others = (0..<160).map { UInt8($0 / 10 << 4 | $0 % 10) }
        file += segment(0xC4, [0, 0, 0, 0, 0, 12] + [UInt8](repeating: 0, count: 11) + (0..<12).map { UInt8($0) })
        file += segment(
            0xC4, [0x10] + [UInt8](repeating: 0, count: 7) + [160] + [UInt8](repeating: 0, count: 8) + others)
        if restart > 0 { file += segment(0xDD, [0, UInt8(restart)]) }
        file += segment(0xDA, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0])

        let side = 8 * sampling
        let blocks = sampling * sampling + 2
        let units = (width + side - 1) / side * ((height + side - 1) / side)
        var scan = BaselineJPEG()
        for unit in 0..<units {
            if restart > 0, unit > 0, unit % restart == 0 { scan.mark(0xD0 + UInt8((unit / restart - 1) % 8)) }
            for block in 0..<blocks { scan.block(seed: unit * 7 + block) }
        }
        scan.mark(0xD9)
        return file + scan.data
    }

    /// Writes one block of 64 coefficients. Equal seeds give equal blocks.
    private mutating func block(seed: Int) {
        first(seed % 3 == 0 ? 0 : 3, value: seed & 7)
        for index in 0..<seed % 6 { other(run: index, size: 2 + index % 4, value: seed + index) }
        // End of block.
        put(0, 8)
    }

    /// Writes the first coefficient of a block: its number of bits, then its bits.
    private mutating func first(_ size: Int, value: Int) {
        put(size, 5)
        put(value & (1 << size - 1), size)
    }

    /// Writes another coefficient: the number of zeros before it and its number of bits as one code, then its bits.
    private mutating func other(run: Int, size: Int, value: Int) {
        put(run * 10 + size, 8)
        put(value & (1 << size - 1), size)
    }

    /// Appends bits, the highest first, and a zero after each byte of ones.
    private mutating func put(_ value: Int, _ size: Int) {
        bits = bits << UInt64(size) | UInt64(value)
        count += size
        while count >= 8 {
            let byte = UInt8(truncatingIfNeeded: bits >> UInt64(count - 8))
            data.append(byte)
            if byte == 0xFF { data.append(0) }
            count -= 8
        }
    }

    /// Fills the last byte with ones and writes a marker.
    private mutating func mark(_ marker: UInt8) {
        if count > 0 { put((1 << (8 - count)) - 1, 8 - count) }
        data += [0xFF, marker]
    }
}
