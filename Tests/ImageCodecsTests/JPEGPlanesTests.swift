import ImageModel
import Testing

@testable import ImageCodecs

/// Compares the reader of baseline scans, which does not use libjpeg, with libjpeg.
@Suite struct JPEGPlanesTests {
    /// A JPEG of two MCUs of 8 x 8 pixels without colour. In the first MCU, the coefficients 1, 17, 33, 47 and 63 are
    /// set, or all but the last one if `isShort`.
    private static func file(tail: [UInt8] = [], isShort: Bool = false) -> [UInt8] {
        var bits = FlatJPEG.BitWriter()
        func write(_ code: Int, _ count: Int, value: Int? = nil) {
            bits.write(code, count: count)
            if let value { bits.write(value, count: 1) }
        }
        // Y: a DC of category 6, 0 1, 15 zeros and 1, the same, 13 zeros and 1, 15 zeros and 1.
        bits.write(6, count: 4)
        bits.write(40, count: 6)
        write(0b110, 3, value: 1)
        write(0b10, 2, value: 1)
        write(0b10, 2, value: 0)
        write(0b1110, 4, value: 1)
        write(isShort ? 0 : 0b10, isShort ? 1 : 2, value: isShort ? nil : 1)
        // Cb, Cr: no difference, and the end of the block.
        for _ in 0..<2 { bits.write(0, count: 5) }
        // The second MCU is far darker. If the reader starts one bit late, it finds no difference, and there are more
        // than enough bits for the rest.
        bits.write(8, count: 4)
        bits.write(0, count: 8)
        bits.write(0, count: 1)
        for _ in 0..<2 { bits.write(0, count: 5) }
        let lengths = [UInt8](repeating: 0, count: 16)
        var dc = lengths
        dc[3] = 12
        var ac = lengths
        ac.replaceSubrange(0..<4, with: [1, 1, 1, 1])
        var file: [UInt8] = [0xFF, 0xD8]
        file += TestImages.segment(0xDB, [0] + [UInt8](repeating: 12, count: 64))
        file += TestImages.segment(0xC0, [8, 0, 8, 0, 16, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
        file += TestImages.segment(0xC4, [0x00] + dc + Array(0...11))
        file += TestImages.segment(0xC4, [0x10] + ac + [0x00, 0xF1, 0x01, 0xD1])
        file += TestImages.segment(0xDA, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0])
        return file + bits.finish() + tail + [0xFF, 0xD9]
    }

    private static func luma(_ file: [UInt8], _ scale: Int) throws -> [UInt8] {
        let planes = try JPEGPlanes.decode(
            file.span.bytes, info: readHeader(file), scaleDenominator: scale, limits: CodecLimits(),
            cancelled: CancelFlag())
        guard let planes else { return [] }
        let plane = planes.planes[0]
        return planes.withUnsafeBytes(of: plane) { bytes in
            (0..<plane.height).flatMap { y in bytes[y * plane.stride..<y * plane.stride + plane.width].map(\.self) }
        }
    }

    /// If the longest run leads from coefficient 48 to 63, the next code belongs to the next block. It was once read
    /// together with the code before, as a pair. From there on the picture was wrong, without any error.
    @Test(arguments: [1, 2, 4, 8], [false, true])
    func theLastCoefficientEndsItsBlock(scale: Int, isShort: Bool) throws {
        let file = Self.file(isShort: isShort)
        let expected = try Picture(decoding: file, scale: scale)
        let luma = try Self.luma(file, scale)
        #expect(luma.count == expected.width * expected.height)
        for (index, value) in luma.enumerated() {
            #expect(abs(Int(value) - Int(expected.samples[index * expected.channels])) <= 3, "\(index)")
        }
    }

    /// If bytes are left after the last block, libjpeg decides, and its picture is used.
    @Test(arguments: [[0x55, 0x55, 0x55], [0xFF, 0xD3]] as [[UInt8]])
    func bytesAfterTheLastBlockAreLeftToLibjpeg(tail: [UInt8]) throws {
        for scale in [2, 4, 8] {
            #expect(try Self.luma(Self.file(tail: tail), scale).count == 16 / scale * (8 / scale))
        }
    }
}
