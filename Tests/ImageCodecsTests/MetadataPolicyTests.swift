import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// The metadata that uploads lose, as exiftool reads it before and after.
@Suite struct MetadataPolicyTests {
    private static func tags(_ file: [UInt8]) throws -> [String] {
        let text = try #require(try Oracle.run("exiftool", ["-a", "-u", "-G1", "-s", "-"], input: file))
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { line in !["[System]", "[ExifTool]", "[File]"].contains { line.hasPrefix($0) } }
    }

    /// A file of each format with a place, an author, an orientation and a title, all written by exiftool.
    private static func tagged(_ format: ImageFormat) throws -> [UInt8]? {
        let plain = try TestImages.file(format, width: 40, height: 30, layout: format == .webp ? .rgba8 : .rgb8)
        return try Oracle.run(
            "exiftool",
            [
                "-EXIF:GPSLatitude=48.2082", "-EXIF:GPSLatitudeRef=N", "-EXIF:GPSLongitude=16.3738",
                "-EXIF:GPSLongitudeRef=E", "-EXIF:GPSAltitude=171", "-XMP-exif:GPSLatitude=48.2082",
                "-XMP-exif:GPSLongitude=16.3738", "-XMP-exif:GPSMapDatum=WGS-84", "-EXIF:Artist=Ann",
                "-EXIF:Orientation#=6", "-EXIF:Make=Camera", "-XMP-dc:Title=A title", "-o", "-", "-",
            ], input: plain)
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)), arguments: ImageFormat.allCases)
    func dropLocationRemovesOnlyTheLocation(format: ImageFormat) throws {
        let file = try #require(try Self.tagged(format), "\(format)")
        let before = try Self.tags(file)
        #expect(before.count { $0.contains("GPS") } >= 8)
        let info = try readHeader(file)
        let result = try #require(
            try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        try checkStructure(result, format)
        #expect(try readHeader(result) == info)
        #expect(try Picture(decoding: result) == Picture(decoding: file))
        let after = try Self.tags(result)
        #expect(!after.contains { $0.contains("GPS") }, "\(after.filter { $0.contains("GPS") })")
        // All other tags stay, in the same order. exiftool derives Composite tags from the place.
        func rest(_ tags: [String]) -> [String] {
            tags.filter { !$0.contains("GPS") && !$0.hasPrefix("[Composite]") && !$0.contains("XMPToolkit") }
        }
        #expect(rest(after) == rest(before))
        // The bytes of an XMP packet do not contain it either.
        #expect(!String(decoding: result, as: UTF8.self).contains("16.37"))
        // The second time there is nothing to remove.
        #expect(try MetadataPolicy.dropLocation.apply(to: result.span.bytes, info: info, limits: CodecLimits()) == nil)
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)), arguments: ImageFormat.allCases)
    func dropAllRemovesAllButTheOrientation(format: ImageFormat) throws {
        let file = try #require(try Self.tagged(format))
        let info = try readHeader(file)
        let result = try #require(
            try MetadataPolicy.dropAll.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        try checkStructure(result, format)
        #expect(try readHeader(result) == info)
        #expect(try Picture(decoding: result) == Picture(decoding: file))
        let after = try Self.tags(result)
        for word in ["GPS", "Ann", "Camera", "A title"] {
            #expect(!after.contains { $0.contains(word) }, "\(format): \(word)")
        }
        #expect(try MetadataPolicy.keep.apply(to: file.span.bytes, info: info, limits: CodecLimits()) == nil)
    }

    @Test func profileAndCopyrightStayAndVideosAfterTheEndAreRemoved() throws {
        let plain = try TestImages.file(.jpeg, width: 16, height: 16)
        let comment = TestImages.segment(0xFE, Array("hello".utf8))
        let profile = TestImages.segment(0xE2, ICCProfile.jpegSignature + [1, 1] + [UInt8](repeating: 7, count: 200))
        let index = TestImages.segment(0xE2, [0x4D, 0x50, 0x46, 0, 1, 2, 3])
        let file = TestImages.jpeg(plain, inserting: comment + profile + index) + Array("film".utf8)
        let info = try readHeader(file)
        let all = try #require(
            try MetadataPolicy.dropAll.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        #expect(all == TestImages.jpeg(plain, inserting: profile))
        let place = try #require(
            try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        #expect(place == TestImages.jpeg(plain, inserting: comment + profile))
    }

    @Test func animationsStayAnimations() throws {
        for file in [AnimationTests.seed(), try AnimationTests.webpSeed()] {
            let info = try readHeader(file)
            #expect(try MetadataPolicy.dropAll.apply(to: file.span.bytes, info: info, limits: CodecLimits()) == nil)
        }
    }

    /// Replaces every offset of a GPS directory by a hostile one. Nothing is written outside, and nothing is found
    /// afterwards.
    @Test func hostileDirectoriesAreBounded() {
        var random = SplitMix(seed: 3)
        var block: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 2, 0]
        block += [0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0] + [0x98, 0x82, 2, 0, 2, 0, 0, 0, 65, 0, 0, 0]
        block += [0, 0, 0, 0] + [1, 0] + [2, 0, 5, 0, 3, 0, 0, 0, 56, 0, 0, 0] + [0, 0, 0, 0]
        block += [UInt8](repeating: 9, count: 24)
        var good = block
        #expect(LocationRemoval.clean(exif: &good) == true)
        #expect(good.count == block.count && !good.contains(9))
        #expect(ExifReader.read(good.span.bytes)?.copyright != nil)
        for _ in 0..<5_000 {
            var broken = block
            for _ in 0..<2 { broken[Int.random(in: 4..<broken.count, using: &random)] = UInt8(random.next() & 255) }
            let count = Int.random(in: 0...broken.count, using: &random)
            broken = Array(broken.prefix(count))
            _ = LocationRemoval.clean(exif: &broken)
            #expect(broken.count == count)
        }
    }

    /// Found by fuzzing: a GPS directory overlapped the first directory, and emptying it changed the orientation, so
    /// the stored picture was displayed rotated. Such a block is removed, and its orientation stays.
    @Test(arguments: [8, 14, 26, 30, 38] as [UInt8], ImageFormat.allCases.filter { $0 != .avif })
    func overlappingDirectoriesLeaveTheOrientation(gps: UInt8, format: ImageFormat) throws {
        // Make, orientation and place in the first directory, then a directory of one entry at 50.
        var block: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 3, 0]
        block += [0x0F, 0x01, 2, 0, 4, 0, 0, 0, 65, 66, 67, 0] + [0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
        block += [0x25, 0x88, 4, 0, 1, 0, 0, 0, gps, 0, 0, 0] + [0, 0, 0, 0]
        block += [1, 0] + [2, 0, 5, 0, 3, 0, 0, 0, 56, 0, 0, 0] + [0, 0, 0, 0]
        let plain = try TestImages.file(format, width: 24, height: 16)
        let file: [UInt8] =
            switch format {
            case .jpeg: TestImages.jpeg(plain, exif: block)
            case .png: Array(plain.prefix(33)) + PNGFile.chunk("eXIf", block) + Array(plain.dropFirst(33))
            default: try WebPContainer.rebuild(plain.span.bytes, size: PixelSize(width: 24, height: 16), exif: block)
            }
        let info = try readHeader(file)
        #expect(info.orientation == .rotated90)
        let result = try #require(
            try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        let after = try readHeader(result)
        #expect(after.orientation == .rotated90)
        #expect(PhotoFacts.read(result.span.bytes, info: after).position == nil)
        #expect(try Picture(decoding: result) == Picture(decoding: plain))
    }

    /// Found by changing random bytes: the stated position of an Exif item was that of the header or the picture, which
    /// was then overwritten.
    @Test(arguments: [MetadataPolicy.dropAll, .dropLocation], [true, false])
    func itemsOfAnAVIFThatOverlapAreRejected(policy: MetadataPolicy, isOverPicture: Bool) throws {
        let metadata = EncodedMetadata(copyright: Array("Ann".utf8))
        var file = try TestImages.file(.avif, width: 64, height: 48, metadata: metadata)
        let info = try readHeader(file)
        let (place, picture) = try Self.exifAndPicture(file)
        let wanted = PNGFile.long(place.lowerBound)
        let at = try #require((0..<place.lowerBound - 4).first { Array(file[$0..<$0 + 4]) == wanted })
        file.replaceSubrange(at..<at + 4, with: PNGFile.long(isOverPicture ? picture.lowerBound : 48))
        #expect(throws: CodecError.self) {
            try policy.apply(to: file.span.bytes, info: info, limits: CodecLimits())
        }
    }

    private static func exifAndPicture(_ file: [UInt8]) throws -> (Range<Int>, Range<Int>) {
        let bytes = file.span.bytes
        let boxes = AVIFBox.children(bytes, in: 0..<bytes.byteCount)
        let meta = try #require(boxes.first { $0.name == AVIFBox.metadata })
        let found = try AVIFItems.read(bytes, meta: meta)
        let items = try #require(found)
        let exif = try #require(items.types.first { $0.value == FourCC("Exif") }?.key)
        let primary = try #require(items.primary)
        return (try #require(items.locations[exif]), try #require(items.locations[primary]))
    }

    /// A block of a megabyte stated 65,535 times where its place is, each time with values as large as the whole block.
    /// It was emptied again and again.
    @Test func anExifBlockWithOnlyALocationIsRemoved() {
        var block: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 255, 255]
        for _ in 0..<65_535 { block += [0x25, 0x88, 4, 0, 1, 0, 0, 0, 0, 0, 12, 0] }
        block += [0, 0, 0, 0]
        block += [UInt8](repeating: 9, count: 1 << 20)
        block.replaceSubrange((12 << 16)..<(12 << 16) + 14, with: [255, 0, 2, 0, 1, 0, 0, 0, 15, 0, 0, 0, 12, 0])
        #expect(LocationRemoval.clean(exif: &block) == nil)
        #expect(LocationRemoval.replacement(for: block) == MetadataPolicy.block(for: .upright))
    }

    private static let secret = Array("exif:GPSLatitude=48.2082".utf8)

    private static func holdsSecret(_ file: [UInt8]) -> Bool {
        String(decoding: file, as: UTF8.self).contains("48.2082")
    }

    /// Data next to the picture's boxes were kept under every policy: XMP in a uuid box, the video of a phone (mpvd),
    /// and bytes that are not a box.
    @Test(arguments: [MetadataPolicy.dropAll, .dropLocation])
    func metadataBoxesAreRemoved(policy: MetadataPolicy) throws {
        let plain = try TestImages.file(.avif, width: 64, height: 48)
        let beside = AVIFFile.box("uuid", Self.secret) + AVIFFile.box("mpvd", Self.secret)
        let again = AVIFFile.full("meta", Self.secret)
        let file = plain + beside + again + [0, 0, 0, 40, 1, 2, 3, 4] + Self.secret
        let info = try readHeader(file)
        let result = try #require(try policy.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        #expect(!Self.holdsSecret(result))
        #expect(result.count == plain.count + beside.count + again.count)
        #expect(Array(result.prefix(plain.count)) == plain)
        try checkStructure(result, .avif)
        #expect(try Picture(decoding: result) == Picture(decoding: plain))
        #expect(try policy.apply(to: result.span.bytes, info: info, limits: CodecLimits()) == nil)
        // A file with more boxes than the server reads could hide anything.
        let many = plain + [UInt8]([[UInt8]](repeating: AVIFFile.box("free", []), count: 5_000).joined())
        #expect(throws: CodecError.self) {
            try policy.apply(to: many.span.bytes, info: readHeader(many), limits: CodecLimits())
        }
    }

    /// A sequence describes itself and each of its tracks in udta.
    @Test(arguments: [MetadataPolicy.dropAll, .dropLocation])
    func userDataOfASequenceAreRemoved(policy: MetadataPolicy) throws {
        let told = AVIFFile.box("udta", AVIFFile.box("loci", Self.secret))
        let table = AVIFFile.full("stsz", PNGFile.long(0) + PNGFile.long(2))
        let media = AVIFFile.box("mdia", AVIFFile.box("minf", AVIFFile.box("stbl", table)))
        let track = AVIFFile.box("trak", media + told + AVIFFile.full("meta", Self.secret))
        let file =
            AVIFFile.header(width: 64, height: 48, brand: "avis", beside: told)
            + AVIFFile.box("moov", track + told) + AVIFFile.box("mdat", [1, 2, 3])
        let info = try readHeader(file)
        #expect(info.frames == 2)
        let result = try #require(try policy.apply(to: file.span.bytes, info: info, limits: CodecLimits()))
        #expect(!Self.holdsSecret(result) && result.count == file.count)
        #expect(try readHeader(result) == info)
    }

    /// Bytes that are not a box end the picture, even if the header refers to boxes after them. Nested boxes use no
    /// more stack than two boxes. Many items at the same position take no more time than one.
    @Test(arguments: [MetadataPolicy.dropAll, .dropLocation])
    func hostileBoxesAreBounded(policy: MetadataPolicy) throws {
        func dropped(_ file: [UInt8]) throws -> [UInt8]? {
            try policy.apply(to: file.span.bytes, info: readHeader(file), limits: CodecLimits())
        }
        let data = AVIFFile.box("mdat", [1, 2, 3])
        let still = AVIFFile.header(width: 64, height: 48) + data
        let noBox: [UInt8] = PNGFile.long(8) + [1, 2, 3, 4]
        let movie = AVIFFile.box("moov", AVIFFile.box("udta", Self.secret))
        #expect(try dropped(still + noBox + movie) == still)

        var nested: [UInt8] = []
        for count in (0..<100_000).reversed() { nested += PNGFile.long(8 * (count + 1)) + Array("trak".utf8) }
        let deep = still + AVIFFile.box("moov", nested)
        #expect(try dropped(deep) == nil)

        let ids = (1...4_000).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        let entries = ids.map { AVIFFile.box("infe", [2, 0, 0, 0] + $0 + [0, 0] + Array("Exif".utf8) + [0]) }
        let places = ids.map { $0 + [0, 0, 0, 1] + PNGFile.long(0x7FFF_FFF0) + PNGFile.long(1 << 20) }
        let beside =
            AVIFFile.full("iinf", [0x0F, 0xA0] + Array(entries.joined()))
            + AVIFFile.full("iloc", [0x44, 0, 0x0F, 0xA0] + Array(places.joined()))
        var many = AVIFFile.header(width: 64, height: 48, beside: beside, shown: 5_000)
        let start = many.count + 8
        for at in 0..<many.count - 4 where many[at..<at + 4].elementsEqual(PNGFile.long(0x7FFF_FFF0)) {
            many.replaceSubrange(at..<at + 4, with: PNGFile.long(start))
        }
        many += AVIFFile.box("mdat", [UInt8](repeating: 1, count: 1 << 20))
        #expect(throws: CodecError.damaged("metadata in the place of something else in the AVIF")) {
            _ = try dropped(many)
        }
    }

    /// An Exif item whose first number points nowhere was once ignored. A reader may still find data in it.
    @Test func aBrokenExifItemIsEmptied() throws {
        let metadata = EncodedMetadata(copyright: Self.secret)
        var file = try TestImages.file(.avif, width: 64, height: 48, metadata: metadata)
        let (place, _) = try Self.exifAndPicture(file)
        file[place.lowerBound] = 0x7F
        let result = try #require(
            try MetadataPolicy.dropLocation.apply(to: file.span.bytes, info: readHeader(file), limits: CodecLimits()))
        #expect(result[place].allSatisfy { $0 == 0 })
        #expect(!Self.holdsSecret(result))
    }

    /// Any segment may come between the scans of a progressive file.
    @Test func metadataSegmentsBetweenScansAreRemoved() throws {
        let plain = try TestImages.file(.jpeg, width: 64, height: 48)
        let first = try #require(try JPEGSegments.all(in: plain.span.bytes, limits: CodecLimits()).last)
        let second = try #require(
            (first.range.upperBound..<plain.count).first { plain[$0] == 0xFF && [0xC4, 0xDA].contains(plain[$0 + 1]) })
        let comment = TestImages.segment(0xFE, Self.secret)
        let place: TIFFBlock.Directory = [(0x0001, .text("N")), (0x001D, .text("48.2082"))]
        let block = TIFFBlock.bytes([[(0x010F, .text("Camera")), (0x8825, .directory(place))]])
        let exif = TestImages.segment(0xE1, ExifLocation.signature + block)
        let table = TestImages.segment(0xDB, [1] + [UInt8](repeating: 9, count: 64))
        func file(_ segments: [UInt8]) -> [UInt8] { Array(plain[..<second]) + segments + Array(plain[second...]) }
        let whole = file(comment + table + exif + comment)
        let info = try readHeader(whole)
        #expect(
            try MetadataPolicy.dropAll.apply(to: whole.span.bytes, info: info, limits: CodecLimits()) == file(table))
        let placed = file(exif)
        let result = try #require(
            try MetadataPolicy.dropLocation.apply(to: placed.span.bytes, info: info, limits: CodecLimits()))
        #expect(!Self.holdsSecret(result) && String(decoding: result, as: UTF8.self).contains("Camera"))
        try checkStructure(result, .jpeg)
        #expect(try Picture(decoding: result) == Picture(decoding: plain))
    }

    /// ImageMagick writes EXIF values as texts of a PNG, each with its name as the keyword.
    @Test func textsWithALocationAreRemoved() throws {
        var file = PNGFile(width: 4, height: 4, depth: 8, colorType: 0)
        let title = Array("Title\0A hill".utf8)
        file.before = [("tEXt", title), ("zTXt", Array("Comment\0\0".utf8) + PNGFile.zlib(Array("gps".utf8)))]
        let expected = file.bytes { x, y, _ in x * y }
        file.before += [
            ("tEXt", Array("exif:GPSLatitude\0 48.2082".utf8)), ("zTXt", Array("exif:GpsInfo\0\0".utf8) + [1]),
            ("iTXt", Array("gpsLongitude\0\0\0\0\0 48.2082".utf8)),
        ]
        let told = file.bytes { x, y, _ in x * y }
        let result = try MetadataPolicy.dropLocation.apply(
            to: told.span.bytes, info: readHeader(told), limits: CodecLimits())
        #expect(result == expected)
    }

    @Test func locationsAreRemovedFromEveryFormOfXMP() {
        func clean(_ text: String) -> String? {
            var packet = Array(text.utf8)
            guard LocationRemoval.clean(xmp: &packet) != nil else { return nil }
            return String(decoding: packet, as: UTF8.self)
        }
        let gone = String(repeating: " ", count: "exif:GPSLatitude = '48,1N'".count)
        #expect(clean("<a b='1' exif:GPSLatitude = '48,1N' c='2'/>") == "<a b='1' \(gone) c='2'/>")
        #expect(clean("<x><exif:GPSAltitude>17</exif:GPSAltitude></x>")?.filter { $0 != " " } == "<x></x>")
        #expect(clean("<x><drone-dji:GpsLongitude/></x>")?.filter { $0 != " " } == "<x></x>")
        #expect(clean("<x><exif:GPSAltitude>17</x>") == nil)
        #expect(clean("<x>the gps is off</x>") == "<x>the gps is off</x>")
        #expect(clean("") == "")
    }
}
