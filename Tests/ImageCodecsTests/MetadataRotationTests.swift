import ImageModel
import Testing

@testable import ImageCodecs

/// How a rotation changes rich metadata, checked with exiftool.
@Suite struct MetadataRotationTests {
    private static func rotate(
        _ file: [UInt8], _ change: Orientation, edge: ImageTransform.Edge = .reencode
    ) throws -> TransformedImage {
        try ImageTransform.apply(
            change, to: file.span.bytes, edge: edge, limits: CodecLimits(), cancelled: CancelFlag())
    }

    /// The layout of a Canon: maker notes with offsets from the start of the block, DCF's interoperability directory
    /// with the sizes again, and a thumbnail after everything else.
    private static func canon(
        orientation: Int, width: Int, height: Int, thumbnail: [UInt8], bigEndian: Bool
    ) -> [UInt8] {
        let notes: TIFFBlock.Directory = [
            (0x0006, .text("Canon EOS 5D Mark IV")), (0x0007, .text("Firmware Version 1.0.2")),
            (0x0009, .text("Ann Example, owner")), (0x0095, .text("EF24-70mm f/2.8L II USM")),
        ]
        let exif: TIFFBlock.Directory = [
            (0x829A, .rationals([(1, 250)])), (0x9003, .text("2024:05:06 07:08:09")),
            (0x9011, .text("+02:00")), (0x927C, .makerNote(notes)), (0xA002, .short(width)), (0xA003, .short(height)),
            (
                0xA005,
                .directory([(0x0001, .text("R98")), (0x1001, .short(width)), (0x1002, .short(height))])
            ),
        ]
        let position: TIFFBlock.Directory = [
            (0x0001, .text("N")), (0x0002, .rationals([(52, 1), (31, 1), (1234, 100)])), (0x0003, .text("E")),
            (0x0004, .rationals([(13, 1), (24, 1), (2700, 100)])),
        ]
        let first: TIFFBlock.Directory = [
            (0x010F, .text("Canon")), (0x0110, .text("Canon EOS 5D Mark IV")), (0x0112, .short(orientation)),
            (0x013B, .text("Ann Example")), (0x8769, .directory(exif)), (0x8825, .directory(position)),
        ]
        let second: TIFFBlock.Directory = [
            (0x0103, .short(6)), (0x0112, .short(orientation)), (0x0201, .tail(thumbnail)),
            (0x0202, .long(thumbnail.count)),
        ]
        return TIFFBlock.bytes(thumbnail.isEmpty ? [first] : [first, second], bigEndian: bigEndian)
    }

    private static func xmp(orientation: Int, width: Int, height: Int) -> [UInt8] {
        let packet = """
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
            <rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" \
            xmlns:xmp="http://ns.adobe.com/xap/1.0/" tiff:Orientation="\(orientation)" \
            exif:PixelXDimension="\(width)" xmp:Rating="5"><exif:PixelYDimension>\(height)</exif:PixelYDimension>\
            </rdf:Description></rdf:RDF></x:xmpmeta>
            """
        return TestImages.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(packet.utf8))
    }

    /// A resource may have a name of 255 bytes, which was not counted. A thumbnail that grew made the segment longer
    /// than its length field can state, and the process ended.
    @Test func aThumbnailThatGrowsFitsItsSegmentOrIsDropped() throws {
        let plain = try TestImages.file(.jpeg, width: 64, height: 48)
        let thumbnail = try TestImages.file(.jpeg, width: 100, height: 75, quality: 60)
        let rotated = try #require(
            Thumbnail.rotated(thumbnail, by: .rotated90, limits: CodecLimits(), cancelled: CancelFlag()))
        let name = [255] + [UInt8](repeating: 0x41, count: 255)
        let numbers = [1, 100, 75, 300, 22_500, thumbnail.count]
        let header: [UInt8] = Array(numbers.map { PNGFile.long($0) }.joined()) + [0, 24, 0, 1]
        for room in stride(from: -300, through: 40, by: 4) {
            // As full as possible after the rotation, plus or minus `room`.
            let used = 14 + 4 + 2 + name.count + 4 + header.count + rotated.count + rotated.count % 2 + 12
            let filler = max(0, 65_533 - used + room)
            var payload = Array("Photoshop 3.0\0".utf8) + Array("8BIM".utf8) + [0x04, 0x0C] + name
            payload += PNGFile.long(header.count + thumbnail.count) + header + thumbnail
            if thumbnail.count % 2 == 1 { payload.append(0) }
            payload += Array("8BIM".utf8) + [0x04, 0x04, 0, 0] + PNGFile.long(filler)
            payload += [UInt8](repeating: 7, count: filler + filler % 2)
            guard payload.count <= 65_533 else { continue }
            let file = TestImages.jpeg(plain, inserting: TestImages.segment(0xED, payload))
            let result = try Self.rotate(file, .rotated90)
            try checkStructure(result.bytes, .jpeg)
            #expect(result.info.size == PixelSize(width: 48, height: 64))
        }
    }

    @Test func aSegmentThatIsTooLongIsNotEncoded() {
        #expect(JPEGSegment.encode(0xED, [UInt8](repeating: 1, count: 65_533))?.count == 65_537)
        #expect(JPEGSegment.encode(0xED, [UInt8](repeating: 1, count: 65_534)) == nil)
    }

    /// Photoshop's resources with IPTC and a thumbnail.
    private static func photoshop(_ thumbnail: [UInt8], width: Int, height: Int) -> [UInt8] {
        func resource(_ id: Int, _ data: [UInt8]) -> [UInt8] {
            Array("8BIM".utf8) + [UInt8(id >> 8), UInt8(id & 255), 0, 0] + PNGFile.long(data.count) + data
                + (data.count % 2 == 1 ? [0] : [])
        }
        let iptc: [UInt8] = [0x1C, 2, 25, 0, 5] + Array("beach".utf8) + [0x1C, 2, 80, 0, 3] + Array("Ann".utf8)
        let row = (width * 24 + 31) / 32 * 4
        let header = [1, width, height, row, row * height, thumbnail.count].flatMap(PNGFile.long) + [0, 24, 0, 1]
        return TestImages.segment(
            0xED,
            Array("Photoshop 3.0\0".utf8) + resource(0x0404, iptc) + resource(0x040C, header + thumbnail)
                + resource(0x0421, [1, 2, 3]))
    }

    private static func exif(_ block: [UInt8]) -> [UInt8] {
        TestImages.segment(0xE1, [0x45, 0x78, 0x69, 0x66, 0, 0] + block)
    }

    private static func profile() -> [UInt8] {
        // Two parts that are not a real profile; the content does not matter here.
        (1...2).flatMap { part in
            TestImages.segment(0xE2, Array("ICC_PROFILE\0".utf8) + [UInt8(part), 2] + (0..<99).map { UInt8($0) })
        }
    }

    /// Every tag as exiftool shows it, one per line.
    private static func tags(_ file: [UInt8]) throws -> [String: String] {
        let output = try #require(try Oracle.run("exiftool", ["-a", "-u", "-G1", "-s", "-"], input: file))
        var tags: [String: String] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].split(whereSeparator: { $0 == " " }).joined(separator: " ")
            if !name.contains("[System]"), !name.contains("[ExifTool]") { tags[name] = String(parts[1]) }
        }
        return tags
    }

    @Test(
        .enabled(if: Oracle.has("exiftool", corpus: false)), arguments: [true, false],
        [Orientation.rotated90, .mirrored, .rotated180, .mirroredRotated90])
    func onlySizesAndThumbnailsChange(bigEndian: Bool, change: Orientation) throws {
        let thumbnail = try TestImages.file(.jpeg, width: 48, height: 32, quality: 95)
        let block = Self.canon(orientation: 8, width: 96, height: 64, thumbnail: thumbnail, bigEndian: bigEndian)
        let segments =
            Self.xmp(orientation: 8, width: 96, height: 64) + Self.exif(block) + Self.profile()
            + Self.photoshop(thumbnail, width: 48, height: 32) + TestImages.segment(0xFE, Array("by hand".utf8))
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 96, height: 64, quality: 95), inserting: segments)
        let before = try Self.tags(file)
        #expect(before["[Canon] LensModel"] == " EF24-70mm f/2.8L II USM")
        #expect(before["[IPTC] Keywords"] == " beach")
        #expect(before["[Photoshop] PhotoshopThumbnail"] != nil && before["[IFD1] ThumbnailImage"] != nil)

        let rotated = try Self.rotate(file, change)
        #expect(rotated.isLossless && rotated.effects == [])
        let after = try Self.tags(rotated.bytes)
        let mayChange: Set<String> = [
            "[IFD0] Orientation", "[IFD1] Orientation", "[XMP-tiff] Orientation", "[IFD1] ThumbnailImage",
            "[IFD1] ThumbnailLength", "[IFD1] ThumbnailOffset", "[Photoshop] PhotoshopThumbnail", "[File] ImageWidth",
            "[File] ImageHeight", "[ExifIFD] ExifImageWidth", "[ExifIFD] ExifImageHeight",
            "[InteropIFD] RelatedImageWidth", "[InteropIFD] RelatedImageHeight", "[XMP-exif] ExifImageWidth",
            "[XMP-exif] ExifImageHeight", "[Composite] ImageSize", "[Composite] Megapixels",
        ]
        #expect(Set(before.keys) == Set(after.keys))
        for (name, value) in before where after[name] != value { #expect(mayChange.contains(name), "\(name)") }
        let swaps = Orientation.rotated270.followed(by: change).swapsAxes
        for group in ["[ExifIFD] Exif", "[InteropIFD] Related", "[XMP-exif] Exif", "[File] "] {
            #expect(after["\(group)ImageWidth"] == (swaps ? " 64" : " 96"), "\(group)")
            #expect(after["\(group)ImageHeight"] == (swaps ? " 96" : " 64"), "\(group)")
        }
        for group in ["[IFD0]", "[IFD1]", "[XMP-tiff]"] {
            #expect(after["\(group) Orientation"] == " Horizontal (normal)", "\(group)")
        }

        // Both thumbnails show the same as the picture.
        let seen = try Picture(decoding: thumbnail).seen(as: .rotated270).seen(as: change)
        for tag in ["-IFD1:ThumbnailImage", "-PhotoshopThumbnail"] {
            let inner = try #require(try Oracle.run("exiftool", ["-b", tag, "-"], input: rotated.bytes))
            #expect(try #require(try Picture(decoding: inner).meanDifference(to: seen)) < 2, "\(tag)")
        }
    }

    /// A thumbnail that grows must move, but nothing else may move.
    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)), arguments: [true, false])
    func aThumbnailThatGrowsIsMoved(isLast: Bool) throws {
        // Written with the smallest possible tables. The fallback for incomplete blocks cannot be as small.
        let thumbnail = FlatJPEG.file([200, 100, 90], adobe: false)
        var block = Self.canon(orientation: 1, width: 96, height: 64, thumbnail: thumbnail, bigEndian: true)
        if !isLast { block += [UInt8](repeating: 0x5A, count: 9) }
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 96, height: 64), inserting: Self.exif(block))
        let rotated = try Self.rotate(file, .rotated90)
        #expect(rotated.effects == [])
        let inner = try #require(try Oracle.run("exiftool", ["-b", "-ThumbnailImage", "-"], input: rotated.bytes))
        #expect(try Picture(decoding: inner) == Picture(decoding: thumbnail))
        let before = try Self.tags(file)
        let after = try Self.tags(rotated.bytes)
        #expect(after["[Canon] OwnerName"] == " Ann Example, owner" && before["[Canon] OwnerName"] != nil)
    }

    /// The orientation tag of a thumbnail counts if it matches the shapes, but not if it is stale.
    @Test(arguments: [(1, 48, 32, Orientation.rotated90), (1, 32, 48, .upright), (6, 48, 32, .rotated90)])
    func theOrientationTagOfAThumbnailIsApplied(tag: Int, width: Int, height: Int, moved: Orientation) throws {
        let thumbnail = try TestImages.file(.jpeg, width: width, height: height, quality: 95)
        let block = TIFFBlock.bytes([
            [(0x0112, .short(6))],
            [(0x0112, .short(tag)), (0x0201, .tail(thumbnail)), (0x0202, .long(thumbnail.count))],
        ])
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 96, height: 64), inserting: Self.exif(block))
        let rotated = try Self.rotate(file, .upright)
        #expect(rotated.effects == [] && rotated.info.size == PixelSize(width: 64, height: 96))
        let walk = try #require(Self.walk(rotated.bytes))
        let inner = Array(walk.block[try #require(walk.walk.thumbnail)])
        let expected = try Picture(decoding: thumbnail).seen(as: moved)
        #expect(try #require(try Picture(decoding: inner).meanDifference(to: expected)) < 2)
        #expect(walk.walk.thumbnailOrientation?.value == 1)
    }

    @Test func everyExifSegmentIsNormalised() throws {
        let blocks = [6, 3].map { TestImages.exif(orientation: $0, width: 96, height: 64, bigEndian: $0 == 3) }
        let file = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 96, height: 64), inserting: blocks.flatMap(Self.exif))
        for change in [Orientation.upright, .rotated270] {
            let rotated = try Self.rotate(file, change).bytes
            let sizes: (UInt32, UInt32) = change == .upright ? (64, 96) : (96, 64)
            let expected = [false, true].flatMap { isSecond in
                Self.exif(
                    TestImages.exif(orientation: 1, width: sizes.0, height: sizes.1, bigEndian: isSecond))
            }
            #expect(Array(rotated[2..<2 + expected.count]) == expected)
        }
    }

    @Test func picturesAfterTheEndAreRemovedWithTheirIndex() throws {
        let index = TestImages.segment(0xE2, [0x4D, 0x50, 0x46, 0] + [UInt8](repeating: 9, count: 40))
        let gainMap = TestImages.segment(0xE2, Array("urn:iso:std:iso:ts:21496:-1\0".utf8) + [0, 0, 0, 0])
        let list = TestImages.segment(
            0xE1,
            Array("http://ns.adobe.com/xap/1.0/\0<x c='http://ns.google.com/photos/1.0/container/'/>".utf8))
        let plain = try TestImages.file(.jpeg, width: 64, height: 32)
        let file = TestImages.jpeg(plain, inserting: list + index + gainMap) + plain
        let rotated = try Self.rotate(file, .rotated90)
        #expect(rotated.effects == [.droppedPictures, .staleContainerList])
        #expect(rotated.effects.names == ["dropped-pictures", "stale-container-list"])
        #expect(Array(rotated.bytes[2..<2 + list.count]) == list)
        let segments = try JPEGSegments.all(in: rotated.bytes.span.bytes, limits: CodecLimits())
        #expect(!segments.contains { $0.marker == JPEGSegment.Marker.application2 })
        #expect(try checkStructure(rotated.bytes, .jpeg).trailingBytes == 0)
        // If nothing is rotated, nothing is removed.
        #expect(try Self.rotate(file, .upright).bytes == file)
        // The list alone is not reported.
        #expect(try Self.rotate(TestImages.jpeg(plain, inserting: list), .rotated90).effects == [])
    }

    @Test(arguments: [ImageFormat.png, .webp])
    func thumbnailsInOtherFormatsAreRotatedToo(format: ImageFormat) throws {
        let thumbnail = try TestImages.file(.jpeg, width: 48, height: 32, quality: 95)
        let exif = Self.canon(orientation: 1, width: 12, height: 8, thumbnail: thumbnail, bigEndian: false)
        let file: [UInt8]
        if format == .png {
            var png = PNGFile(width: 12, height: 8, depth: 8, colorType: 0)
            png.after = [("eXIf", exif)]
            file = png.bytes { x, y, _ in x * y }
        } else {
            let simple = try TestImages.file(.webp, width: 12, height: 8)
            file = try WebPFile.extended(
                simple, flags: WebPChunk.Flag.exif, width: 12, height: 8, after: [(WebPChunk.exif, exif)])
        }
        let rotated = try Self.rotate(file + [1, 2, 3, 4], .rotated270)
        #expect(rotated.effects == .droppedPictures)
        let start = try #require(
            (0..<rotated.bytes.count - 3).first { rotated.bytes[$0...].starts(with: [0xFF, 0xD8, 0xFF]) })
        let expected = try Picture(decoding: thumbnail).seen(as: .rotated270)
        let inner = Array(rotated.bytes[start...])
        #expect(try #require(try Picture(decoding: inner).meanDifference(to: expected)) < 2)
    }

    /// A few bytes that claim a thumbnail of a hundred million pixels get no memory for it.
    @Test func aThumbnailThatStatesTooLargeASizeIsDropped() throws {
        var thumbnail = try TestImages.file(.jpeg, width: 48, height: 32)
        let frame = try #require((0..<thumbnail.count).first { thumbnail[$0...].starts(with: [0xFF, 0xC2]) })
        thumbnail.replaceSubrange(frame + 5..<frame + 9, with: [0x27, 0x10, 0x27, 0x10])
        let block = TestImages.exif(orientation: 1, width: 96, height: 64, thumbnail: thumbnail)
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 96, height: 64), inserting: Self.exif(block))
        #expect(try Self.rotate(file, .rotated90).effects == .droppedThumbnail)
    }

    private static func walk(_ file: [UInt8]) -> (block: [UInt8], walk: ExifReader)? {
        guard let header = try? JPEGHeader.read(file.span.bytes, limits: CodecLimits()), let range = header.exif,
            let walk = ExifReader.read(file.span.bytes.extracting(range))
        else { return nil }
        return (Array(file[range]), walk)
    }
}
