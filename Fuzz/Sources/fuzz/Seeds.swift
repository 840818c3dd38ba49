import ImageCodecs
import ImageModel

/// Small files of every kind to begin with, made anew on every run.
enum Seeds {
    static func all(for target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        switch target {
        case .probe, .decode: try files()
        case .rotate: try files().map { ($0.name, [1] + $0.bytes) }
        case .exif: blocks().enumerated().map { ("\($0.offset)", [UInt8($0.offset % 16)] + $0.element) }
        }
    }

    /// A fixed JPEG of 17 x 9 pixels with this EXIF block.
    static func jpeg(exif block: [UInt8]) -> [UInt8] {
        let length = block.count + 8
        let head = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + Array("Exif\0\0".utf8)
        return Array(plain.prefix(2)) + head + block + plain.dropFirst(2)
    }

    private static let plain: [UInt8] = (try? file(.jpeg, 17, 9, .rgb8)) ?? []

    private static func file(
        _ format: ImageFormat, _ width: Int, _ height: Int, _ layout: PixelBuffer.Layout
    ) throws -> [UInt8] {
        var picture = try PixelBuffer(width: width, height: height, layout: layout)
        picture.withMutableSamples { samples in
            for index in samples.indices { samples[index] = UInt8(truncatingIfNeeded: index * 31 ^ index >> 3) }
        }
        return try ImageEncoder.encode(
            picture, format: format, quality: 60, metadata: EncodedMetadata(copyright: Array("A".utf8)),
            cancelled: CancelFlag())
    }

    private static func files() throws -> [(name: String, bytes: [UInt8])] {
        var files: [(name: String, bytes: [UInt8])] = []
        for format in [ImageFormat.jpeg, .png, .webp] {
            for layout in [PixelBuffer.Layout.gray8, .rgb8, .rgba8] where format != .jpeg || !layout.hasAlpha {
                for (width, height) in [(17, 9), (32, 16)] {
                    let bytes = try file(format, width, height, layout)
                    files.append(("\(format)-\(layout)-\(width)", bytes))
                }
            }
        }
        for (index, block) in blocks().enumerated() { files.append(("exif-\(index)", jpeg(exif: block))) }
        return files
    }

    /// EXIF of both byte orders, with sizes, a position and a thumbnail.
    private static func blocks() -> [[UInt8]] {
        [true, false].flatMap { isBig in (1...8).map { block(orientation: $0, isBig: isBig) } }
    }

    private static func block(orientation: Int, isBig: Bool) -> [UInt8] {
        func number(_ value: Int, _ width: Int) -> [UInt8] {
            let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isBig ? bytes.reversed() : bytes
        }
        func entry(_ tag: Int, _ type: Int, _ count: Int, _ value: Int) -> [UInt8] {
            let field = type == 3 ? number(value, 2) + [0, 0] : number(value, 4)
            return number(tag, 2) + number(type, 2) + number(count, 4) + field
        }
        // Header 8, first directory 54, Exif 42, interoperability 30, position 54, second 54: then values.
        var block = (isBig ? [0x4D, 0x4D] : [0x49, 0x49]) + number(42, 2) + number(8, 4)
        block += number(4, 2) + entry(0x0112, 3, 1, orientation) + entry(0x010F, 2, 4, 0x4142_4300)
        block += entry(0x8769, 4, 1, 62) + entry(0x8825, 4, 1, 134) + number(188, 4)
        block += number(3, 2) + entry(0xA002, 4, 1, 17) + entry(0xA003, 3, 1, 9) + entry(0xA005, 4, 1, 104)
        block += number(0, 4)
        block += number(2, 2) + entry(0x1001, 3, 1, 17) + entry(0x1002, 3, 1, 9) + number(0, 4)
        block += number(4, 2) + entry(0x0001, 2, 2, isBig ? 0x4E00_0000 : 0x4E) + entry(0x0002, 5, 3, 242)
        block += entry(0x0003, 2, 2, isBig ? 0x4500_0000 : 0x45) + entry(0x0004, 5, 3, 242) + number(0, 4)
        block += number(4, 2) + entry(0x0112, 3, 1, orientation) + entry(0x0103, 3, 1, 6)
        block += entry(0x0201, 4, 1, 266) + entry(0x0202, 4, 1, plain.count) + number(0, 4)
        for value in [51, 1, 30, 1, 0, 1] { block += number(value, 4) }
        return block + plain
    }
}
