import ImageModel
import Testing

@testable import ImageCodecs

/// Metadata, renditions and rotates each had their own rule for EXIF that is written oddly or twice. The metadata of a
/// picture said 1x3, but its rendition was 3x1. Now there is one rule, and no part of a rotated file contradicts it.
@Suite struct OneOrientationTests {
    private static func block(_ orientation: Int) -> [UInt8] { TIFFBlock.bytes([[(0x0112, .short(orientation))]]) }

    private static let header = PlaceSamples.exifHeader

    private static func jpeg(_ payloads: [(UInt8, [UInt8])]) throws -> [UInt8] {
        TestImages.jpeg(
            try TestImages.file(.jpeg, width: 32, height: 16),
            inserting: payloads.flatMap { TestImages.segment($0.0, $0.1) })
    }

    private static func png(_ before: [(String, [UInt8])], after: [(String, [UInt8])] = []) -> [UInt8] {
        var file = PNGFile(width: 9, height: 5, depth: 8, colorType: 2)
        (file.before, file.after) = (before, after)
        return file.bytes { x, y, channel in x * 9 + y * 5 + channel }
    }

    private static func webp(_ chunks: [[UInt8]]) throws -> [UInt8] {
        try WebPFile.extended(
            TestImages.file(.webp, width: 32, height: 16), flags: WebPChunk.Flag.exif, width: 32, height: 16,
            after: chunks.map { (WebPChunk.exif, $0) })
    }

    /// The files, and the orientation of each.
    private static func files(_ format: ImageFormat) throws -> [(file: [UInt8], orientation: Int)] {
        switch format {
        case .jpeg:
            let odd: [[UInt8]] = [
                Array("Exif".utf8) + [0, 0xFF], Array("exiF".utf8) + [0, 1], [1, 2, 3, 4] + header,
            ]
            return try odd.map { (try jpeg([(0xE1, $0 + block(6))]), 6) } + [
                (try jpeg([(0xE1, header + block(1)), (0xE1, header + block(6))]), 1),
                (try jpeg([(0xE1, header + block(6)), (0xE1, header + block(1))]), 6),
                (try jpeg([(0xE1, header + [1, 2, 3]), (0xE1, header + block(8))]), 8),
            ]
        case .png:
            return [
                (png([("eXIf", header + block(6))]), 6), (png([("eXIf", block(1)), ("eXIf", block(6))]), 1),
                (png([("eXIf", block(6)), ("eXIf", block(1))]), 6), (png([("eXIf", [1, 2]), ("eXIf", block(6))]), 6),
            ]
        case .webp:
            return [
                (try webp([header + block(6)]), 6), (try webp([block(1), block(6)]), 1),
                (try webp([block(6), block(1)]), 6), (try webp([[1, 2], block(6)]), 6),
            ]
        case .avif: return []
        }
    }

    @Test(arguments: [ImageFormat.jpeg, .png, .webp])
    func theFirstReadableBlockCounts(format: ImageFormat) throws {
        for (file, orientation) in try Self.files(format) {
            let info = try readHeader(file)
            #expect(Int(info.orientation.rawValue) == orientation)
            // The orientation that an upload reads from the stream.
            for step in [7, 65_536] {
                let late = try checkStructure(file, format, step: step).lateOrientation
                #expect((late ?? info.orientation) == info.orientation)
            }
            #expect(PhotoFacts.read(file.span.bytes, info: info).orientation == info.orientation)
            for policy in [MetadataPolicy.dropAll, .dropLocation] {
                let kept = try policy.apply(to: file.span.bytes, info: info, limits: CodecLimits()) ?? file
                #expect(try readHeader(kept).orientation == info.orientation)
            }
        }
    }

    /// The reader of a stream stored 16 KiB of EXIF, but the reader of the header stored all of it. If the first
    /// directory was far from the start, the two disagreed.
    @Test(arguments: [20_000, 65_000, 70_000])
    func bothReadersAgreeOnFarDirectories(distance: Int) throws {
        var far = Self.block(6)
        far.insert(contentsOf: [UInt8](repeating: 0, count: distance), at: 8)
        far.replaceSubrange(4..<8, with: PNGFile.long(8 + distance))
        let file = try Self.webp([far])
        let info = try readHeader(file)
        #expect(info.orientation == (distance < 65_536 ? .rotated90 : .upright))
        #expect((try checkStructure(file, .webp, step: 999).lateOrientation ?? .upright) == info.orientation)
    }

    /// Every reader of a rotated file sees it upright: exiftool reads each orientation in the file.
    @Test(
        .enabled(if: Oracle.has("exiftool", corpus: false)), arguments: [ImageFormat.jpeg, .png, .webp],
        [Orientation.upright, .rotated90, .rotated270])
    func exiftoolReadsARotatedFileAsUpright(format: ImageFormat, change: Orientation) throws {
        let text = PlaceSamples.xmp(place: false, more: "<tiff:Orientation>6</tiff:Orientation>")
        let packet = Array(text.utf8)
        let wide = PlaceSamples.encoded(text, width: 2, bigEndian: true)
        let resources = PlaceSamples.resource(0x0422, Self.block(6)) + PlaceSamples.resource(0x0424, packet)
        var files = try Self.files(format).map(\.file)
        switch format {
        case .jpeg:
            files += [
                try Self.jpeg([(0xE1, PlaceSamples.xmpHeader + wide), (0xED, PlaceSamples.photoshop + resources)]),
                try Self.jpeg([(0xE1, packet), (0xE1, Array("exif".utf8) + [0, 7] + Self.block(3))]),
            ]
        case .png:
            let keyword = Array("XML:com.adobe.xmp".utf8) + [0]
            let profiles: [(String, [UInt8])] = [
                ("exif", Self.header + Self.block(6)), ("xmp", packet), ("8bim", resources), ("iptc", resources),
            ]
            files += [
                Self.png([("eXIf", Self.block(8))], after: [("eXIf", Self.block(6)), ("exIf", Self.block(3))]),
                Self.png([("zTXt", keyword + [0] + PNGFile.zlib(packet)), ("tEXt", keyword + packet)]),
                Self.png([
                    ("iTXt", keyword + [1, 0, 0, 0] + PNGFile.zlib(packet)), ("iTXt", keyword + [0, 0, 0, 0] + wide),
                ]),
                Self.png([("zxIf", [0, 0, 0, 0, 9] + PNGFile.zlib(Self.block(6)))]),
                Self.png(
                    profiles.map { kind, bytes in
                        let text = PNGFile.zlib(PlaceSamples.profile(kind, bytes))
                        return ("zTXt", Array("Raw profile type \(kind)\u{0}\u{0}".utf8) + text)
                    }),
            ]
        case .webp, .avif: break
        }
        var rotated: [[UInt8]] = []
        for file in files {
            let info = try readHeader(file)
            let result = try ImageTransform.apply(
                change, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
            #expect(result.info.orientation == .upright)
            // The picture is rotated by its own orientation and by the requested change. For WebP and JPEG only the
            // shape is exact.
            let expected = try Picture(decoding: file).seen(as: info.orientation).seen(as: change)
            let seen = try Picture(decoding: result.bytes)
            #expect((seen.width, seen.height) == (expected.width, expected.height))
            if format == .png { #expect(seen == expected) }
            rotated.append(result.bytes)
        }
        for tags in try Oracle.tags(rotated, format, ["-Orientation"]) {
            // If the requested change does nothing, a file that says it is upright stays unchanged.
            #expect(change == .upright || tags.allSatisfy { $0.hasSuffix(": 1") }, "\(tags)")
        }
    }
}
