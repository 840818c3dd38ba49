/// A baseline JPEG with one block per component. Each block has one value, so the file is small enough to write by
/// hand, in colour spaces that none of our encoders write.
enum FlatJPEG {
    /// One value per component, and an Adobe marker (transform 0) if wanted.
    static func file(_ values: [Int], adobe: Bool) -> [UInt8] {
        var bits = BitWriter()
        for value in values {
            // The DC coefficient of a flat block is eight times its value, minus the level shift.
            let coefficient = 8 * (value - 128)
            let size = Int.bitWidth - coefficient.magnitude.leadingZeroBitCount
            bits.write(size, count: 4)
            bits.write(coefficient < 0 ? coefficient + (1 << size) - 1 : coefficient, count: size)
            bits.write(0, count: 1)
        }
        let count = UInt8(values.count)
        let components = (0..<count).flatMap { index -> [UInt8] in [index + 1, 0x11, 0] }
        let scan = (0..<count).flatMap { index -> [UInt8] in [index + 1, 0x00] }
        // Twelve DC categories, all with codes of four bits. The only AC code is the end of a block, with one bit.
        let lengths = [UInt8](repeating: 0, count: 16)
        var dc = lengths
        dc[3] = 12
        var ac = lengths
        ac[0] = 1
        var file: [UInt8] = [0xFF, 0xD8]
        if adobe { file += TestImages.segment(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0]) }
        file += TestImages.segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
        file += TestImages.segment(0xC0, [8, 0, 8, 0, 8, count] + components)
        file += TestImages.segment(0xC4, [0x00] + dc + Array(0...11))
        file += TestImages.segment(0xC4, [0x10] + ac + [0])
        file += TestImages.segment(0xDA, [count] + scan + [0, 63, 0])
        return file + bits.finish() + [0xFF, 0xD9]
    }

    struct BitWriter {
        private var bytes: [UInt8] = []
        private var pending = 0
        private var count = 0

        mutating func write(_ value: Int, count added: Int) {
            for index in (0..<added).reversed() {
                pending = pending << 1 | value >> index & 1
                count += 1
                if count == 8 { flush() }
            }
        }

        private mutating func flush() {
            bytes.append(UInt8(pending))
            if pending == 0xFF { bytes.append(0) }
            pending = 0
            count = 0
        }

        mutating func finish() -> [UInt8] {
            while count > 0 { write(1, count: 1) }
            return bytes
        }
    }
}
