import ImageCodecs
import ImageModel
import Parsers

/// Small seed files of every kind, generated in every run.
enum Seeds {
    /// The seeds of a target, each with a name for its file.
    ///
    /// - Throws: `CodecError` if a seed cannot be encoded.
    static func all(for target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        switch target {
        case .probe, .decode: try files()
        case .rotate: try files().map { ($0.name, [1] + $0.bytes) }
        case .render: try renditions()
        case .form: FormFuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .query: QueryFuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .head: HeadFuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .field: FieldFuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .s3: S3Fuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .json: JSONFuzzing.seeds.enumerated().map { ("\($0.offset)", $0.element) }
        case .exif: blocks().enumerated().map { ("\($0.offset)", [UInt8($0.offset % 16)] + $0.element) }
        }
    }

    /// A fixed JPEG of 17 x 9 pixels with this EXIF block.
    static func jpeg(exif block: [UInt8]) -> [UInt8] {
        let length = block.count + 8
        let head = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + Array("Exif\0\0".utf8)
        return Array(plain.prefix(2)) + head + block + plain.dropFirst(2)
    }

    /// Every file with a different choice of fit, format and steps.
    private static func renditions() throws -> [(name: String, bytes: [UInt8])] {
        try files().enumerated().map { index, file in
            let choice = [11, 7 * index, index, 3 * index, index, 5 * index, index].map { UInt8($0 & 255) }
            return (file.name, choice + file.bytes)
        }
    }

    /// The JPEG that ``jpeg(exif:)`` and thumbnails are made of.
    private static let plain: [UInt8] = (try? file(.jpeg, 17, 9, .rgb8)) ?? []

    /// A file with pixels that are the same in every run.
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

    /// Files of every format, layout and kind.
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
        for layout in [PixelBuffer.Layout.rgb8, .rgba8] {
            files.append(("avif-\(layout)", try file(.avif, 16, 8, layout)))
        }
        for (sampling, restart) in [(1, 0), (2, 0), (1, 3), (2, 2)] {
            let bytes = BaselineJPEG.file(width: 61, height: 45, sampling: sampling, restart: restart)
            files.append(("jpeg-baseline-\(sampling)-\(restart)", bytes))
        }
        files.append(("webp-animation", try animation()))
        let png = try file(.png, 17, 9, .rgb8)
        for (name, chunks) in pngChunks() { files.append(("png-\(name)", png.prefix(33) + chunks + png.dropFirst(33))) }
        let profile = Profile.displayP3()
        let segment = Array("ICC_PROFILE\0".utf8) + [1, 1] + profile
        for layout in [PixelBuffer.Layout.gray8, .rgb8] {
            let plain = try file(.jpeg, 17, 9, layout)
            files.append(("jpeg-profile-\(layout)", plain.prefix(2) + self.segment(0xE2, segment) + plain.dropFirst(2)))
        }
        for (index, block) in blocks().enumerated() { files.append(("exif-\(index)", jpeg(exif: block))) }
        return files
    }

    /// A JPEG segment with its marker and length.
    private static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 255)] + payload
    }

    /// Chunks that may precede a PNG's pixels.
    private static func pngChunks() -> [(name: String, bytes: [UInt8])] {
        func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let primaries = [31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000].flatMap(long)
        // 17 x 9 for two plays; the first frame is the image itself.
        let control = long(0) + long(17) + long(9) + long(0) + long(0) + [0, 1, 0, 10, 1, 1]
        return [
            ("gamma", PNGSums.chunk("gAMA", long(100_000)) + PNGSums.chunk("cHRM", primaries)),
            ("coded", PNGSums.chunk("cICP", [9, 16, 0, 1])),
            ("transparent", PNGSums.chunk("tRNS", [0, 1, 0, 2, 0, 3])),
            ("animation", PNGSums.chunk("acTL", long(1) + long(2)) + PNGSums.chunk("fcTL", control)),
            ("exif", PNGSums.chunk("eXIf", block(orientation: 6, isBig: true))),
            ("text", PNGSums.chunk("tEXt", Array("Copyright\0Ann".utf8)) + PNGSums.chunk("iTXt", xmp)),
        ]
    }

    private static let xmp = Array(
        ("XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='6' exif:GPSLatitude='1,2N'><dc:rights><rdf:Alt>"
            + "<rdf:li xml:lang='x-default'>Ann &amp; co</rdf:li></rdf:Alt></dc:rights></x>").utf8)

    /// An animated WebP of three frames.
    private static func animation() throws -> [UInt8] {
        let encoder = try AnimationEncoder(
            info: AnimationInfo(size: PixelSize(width: 16, height: 8), frames: 3, loops: 2), quality: 60)
        for index in 0..<3 {
            var picture = try PixelBuffer(width: 16, height: 8, layout: .rgba8)
            picture.withMutableSamples { samples in
                for place in samples.indices { samples[place] = UInt8(truncatingIfNeeded: place * (7 + index)) }
            }
            try encoder.add(picture, milliseconds: 40 * (index + 1), cancelled: CancelFlag())
        }
        return try encoder.finish()
    }

    /// EXIF of both byte orders, with sizes, a location and a thumbnail.
    private static func blocks() -> [[UInt8]] {
        [true, false].flatMap { isBig in (1...8).map { block(orientation: $0, isBig: isBig) } }
    }

    /// One EXIF block with this orientation.
    private static func block(orientation: Int, isBig: Bool) -> [UInt8] {
        func number(_ value: Int, _ width: Int) -> [UInt8] {
            let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isBig ? bytes.reversed() : bytes
        }
        func entry(_ tag: Int, _ type: Int, _ count: Int, _ value: Int) -> [UInt8] {
            let field = type == 3 ? number(value, 2) + [0, 0] : number(value, 4)
            return number(tag, 2) + number(type, 2) + number(count, 4) + field
        }
        // Header 8, first directory 54, Exif 42, interoperability 30, location 54, second 54: then values.
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
