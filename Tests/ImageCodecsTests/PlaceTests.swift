import ImageModel
import Testing

@testable import ImageCodecs

/// drop-location left a position if it was not written in the most usual way. exiftool still found it in EXIF with
/// another padding byte, in directories other than the first, in Photoshop's resources, in XMP in UTF-16, and in a
/// PNG's texts. Here the position is in every known place, and exiftool checks the result.
@Suite(.enabled(if: Oracle.has("exiftool", corpus: false))) struct PlaceTests {
    private static func samples(_ format: ImageFormat) throws -> [PlaceSamples.Sample] {
        switch format {
        case .jpeg: try PlaceSamples.jpeg()
        case .png: PlaceSamples.png()
        case .webp: try PlaceSamples.webp()
        case .avif: PlaceSamples.avif()
        }
    }

    private static let places = ["-*GPS*", "-*Latitude*", "-*Longitude*"]

    private static func holds(_ text: String, _ file: [UInt8]) -> Bool {
        let bytes = Array(text.utf8)
        return [1, 2, 4].contains { width in
            let spread = bytes.flatMap { [$0] + [UInt8](repeating: 0, count: width - 1) }.dropLast(width - 1)
            return file.firstIndex(of: Array(spread), from: 0) != nil
        }
    }

    @Test(arguments: ImageFormat.allCases, [MetadataPolicy.dropLocation, .dropAll])
    func noLocationIsLeft(format: ImageFormat, policy: MetadataPolicy) throws {
        let samples = try Self.samples(format)
        let before = try Oracle.tags(samples.map(\.file), format, Self.places)
        var results: [[UInt8]] = []
        for (sample, tags) in zip(samples, before) {
            #expect(tags.isEmpty != sample.isSeen, "\(sample.name)")
            let info = try readHeader(sample.file)
            let result = try #require(
                try policy.apply(to: sample.file.span.bytes, info: info, limits: CodecLimits()), "\(sample.name)")
            try checkStructure(result, format)
            #expect(try readHeader(result) == info, "\(sample.name)")
            if format != .avif { #expect(try Picture(decoding: result) == Picture(decoding: sample.file)) }
            // All other metadata stay if only the place is removed.
            let isKept = policy == .dropLocation
            #expect(Self.holds("Acme", result) == (isKept && sample.keepsMake), "\(sample.name)")
            #expect(Self.holds("kept", result) == (isKept && sample.keepsSource), "\(sample.name)")
            #expect(!Self.holds("13,24.3E", result) && !Self.holds("52,31.2N", result), "\(sample.name)")
            // The second time there is nothing to remove.
            #expect(try policy.apply(to: result.span.bytes, info: info, limits: CodecLimits()) == nil, "\(sample.name)")
            results.append(result)
        }
        for (sample, tags) in zip(samples, try Oracle.tags(results, format, Self.places)) {
            #expect(tags == [], "\(sample.name)")
        }
    }

    /// Every position tag that exiftool can write, all in one file, and again compressed.
    @Test(arguments: ImageFormat.allCases, [MetadataPolicy.dropLocation, .dropAll])
    func noLocationThatExiftoolCanWriteIsLeft(format: ImageFormat, policy: MetadataPolicy) throws {
        let words = ["GPS", "Latitude", "Longitude"]
        // A film tag matches these words too.
        let tags = try Self.writable.filter { tag in words.contains { tag.contains($0) } && !tag.contains("ISOSpeed") }
        let plain = try TestImages.file(format, width: 40, height: 30, layout: format == .webp ? .rgba8 : .rgb8)
        for options in [[], ["-z"]] {
            let values = ["EXIF", "XMP"].flatMap { group in tags.map { "-\(group):\($0)=\(Self.value($0))" } }
            let file = try #require(
                try Oracle.run("exiftool", ["-m", "-q"] + options + values + ["-o", "-", "-"], input: plain))
            let before = try #require(try Oracle.tags([file], format, Self.places).first)
            #expect(before.count >= 40, "\(format): \(before.count)")
            let info = try readHeader(file)
            let result = try #require(try policy.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
            #expect(try Oracle.tags([result], format, Self.places) == [[]])
            #expect(try readHeader(result) == info)
            #expect(try Picture(decoding: result) == Picture(decoding: file))
        }
    }

    private static var writable: [String] {
        get throws {
            // exiftool wants a file here, but only lists the tags that it could write.
            let text = try #require(try Oracle.run("exiftool", ["-listw"], input: []))
            return String(decoding: text, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init)
        }
    }

    private static func value(_ tag: String) -> String {
        if tag.hasSuffix("Ref") { return tag.contains("Longitude") ? "E" : "N" }
        if tag.contains("Date") { return "2024:05:06 07:08:09" }
        return "13.405"
    }

    /// Metadata without a place keep every byte, even if they are oddly written or compressed.
    @Test func metadataWithoutALocationStayUnchanged() throws {
        let packet = Array(PlaceSamples.xmp(place: false, more: "<dc:title>Digital titles</dc:title>").utf8)
        let block = TIFFBlock.bytes([[PlaceSamples.make], [(0x0103, .short(6))]])
        let plain = try TestImages.file(.jpeg, width: 16, height: 16)
        let payloads: [(UInt8, [UInt8])] = [
            (0xE1, Array("exif".utf8) + [0, 9] + block), (0xE1, PlaceSamples.xmpHeader + packet), (0xE1, packet),
            (0xED, PlaceSamples.photoshop + PlaceSamples.resource(0x0424, packet) + [1, 2, 3]),
            (0xEB, Array("JP".utf8) + [1, 2, 3]), (0xFE, Array("the GPSmap was off; latitude".utf8)), (0xE5, [4, 5]),
        ]
        let jpeg = TestImages.jpeg(plain, inserting: payloads.flatMap { TestImages.segment($0.0, $0.1) })
        var png = PNGFile(width: 4, height: 4, depth: 8, colorType: 0)
        let keyword = Array("XML:com.adobe.xmp".utf8) + [0]
        png.before = [
            ("zTXt", keyword + [0] + PNGFile.zlib(packet)), ("iTXt", keyword + [1, 0, 0, 0] + PNGFile.zlib(packet)),
            ("tEXt", Array("Raw profile type exif\u{0}".utf8) + PlaceSamples.profile("exif", block)),
            ("tEXt", Array("Comment\u{0}latitude".utf8)), ("eXIf", PlaceSamples.exifHeader + block), ("prVt", [1, 2]),
        ]
        for file in [jpeg, png.bytes { x, y, _ in x * y }] {
            let info = try readHeader(file)
            #expect(
                try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: info, limits: CodecLimits()) == nil)
        }
    }

    /// The thumbnail of a photo may still have the photo's EXIF.
    @Test func locationsInThumbnailsAreRemoved() throws {
        let small = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 16, height: 8), exif: PlaceSamples.exif())
        let block = TestImages.exif(orientation: 1, thumbnail: small)
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 32, height: 16), exif: block)
        let result = try #require(
            try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: readHeader(file), limits: CodecLimits()))
        #expect(result.count == file.count && !Self.holds("Acme", result))
        let walk = ExifReader.read(result.span.bytes.extracting(12..<12 + block.count))
        let place = try #require(walk?.thumbnail)
        let inner = Array(result[12 + place.lowerBound..<12 + place.upperBound])
        #expect(try Picture(decoding: inner) == Picture(decoding: small))
    }

    @Test func namesOfLocationTagsAreFound() {
        let yes = [
            "exif:GPSLatitude", "a:gps", "drone-dji:GpsLongtitude", "dwc:decimalLatitude", "geo:lat", "georss:point",
        ]
        let no = ["exifEX:ISOSpeedLatitudeyyy", "photoshop:City", "dc:title", "geo:latest", "xmp:Label", ""]
        for name in yes { #expect(PlaceNames.isPlace(Array(name.utf8)), "\(name)") }
        for name in no { #expect(!PlaceNames.isPlace(Array(name.utf8)), "\(name)") }
        func found(_ text: String) -> Bool { PlaceNames.areFound(in: Array(text.utf8).span.bytes) }
        #expect(found("xGpSLx") && found("LONGITUDE") && found("g\0p\0s\0L\0") && !found("a gps off") && !found("gp"))
    }

    /// Blocks that lead to the same bytes again and again are rejected. Nested blocks are followed only to a limit.
    @Test func hostileBlocksAreBounded() {
        // Values that all cover the whole block.
        let many = (0..<40).map { _ in (tag: 0x02BC, value: TIFFBlock.Value.bytes([UInt8](repeating: 0x3C, count: 64)))
        }
        var block = TIFFBlock.bytes([many])
        for index in 0..<40 {
            let entry = 10 + 12 * index
            block.replaceSubrange(entry + 4..<entry + 12, with: PNGFile.long(block.count - 8) + PNGFile.long(8))
        }
        #expect(LocationRemoval.clean(exif: &block) == nil)
        var inner = PlaceSamples.exif()
        for _ in 0..<200 {
            inner = TIFFBlock.bytes([[(0x8649, .bytes(PlaceSamples.resource(0x0422, inner)))]])
        }
        let count = inner.count
        #expect(LocationRemoval.clean(exif: &inner) == true && inner.count == count)
        #expect(!Self.holds("Acme", inner))
        // Directories in a cycle, and more directories than the code reads.
        var circle = TIFFBlock.bytes([[PlaceSamples.make], [PlaceSamples.make]])
        circle.replaceSubrange(4..<8, with: PNGFile.long(8))
        #expect(LocationRemoval.clean(exif: &circle) == false)
        let chain = [TIFFBlock.Directory](repeating: [PlaceSamples.make], count: ExifDirectories.maximumDirectories)
        for more in [0, 1] {
            var block = TIFFBlock.bytes(chain + [TIFFBlock.Directory](repeating: [PlaceSamples.make], count: more))
            #expect(LocationRemoval.clean(exif: &block) == (more == 0 ? false : nil))
        }
    }
}
