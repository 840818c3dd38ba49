import ImageModel
import Testing

@testable import ImageCodecs

/// The facts about a photo in EXIF: in both byte orders, in every format, and in hostile blocks.
@Suite struct PhotoFactsTests {
    private static func block(
        time: String = "2024:05:06 07:08:09", offset: String? = "+02:30", make: String = "Canon",
        latitude: [(Int, Int)] = [(52, 1), (31, 1), (1234, 100)], north: String = "N", bigEndian: Bool = true
    ) -> [UInt8] {
        var exif: TIFFBlock.Directory = [(0x9003, .text(time))]
        if let offset { exif.append((0x9011, .text(offset))) }
        let position: TIFFBlock.Directory = [
            (0x0001, .text(north)), (0x0002, .rationals(latitude)), (0x0003, .text("W")),
            (0x0004, .rationals([(13, 1), (24, 1), (2700, 100)])), (0x0005, .bytes([1])),
            (0x0006, .rationals([(123, 10)])),
        ]
        return TIFFBlock.bytes(
            [
                [
                    (0x010F, .text(make)), (0x0110, .text("EOS  5D\n Mark IV ")), (0x0112, .short(6)),
                    (0x8769, .directory(exif)), (0x8825, .directory(position)),
                ]
            ], bigEndian: bigEndian)
    }

    private static func read(_ block: [UInt8]) -> PhotoFacts { PhotoFacts.read(exif: block.span.bytes) }

    @Test(arguments: [true, false])
    func everythingIsFound(bigEndian: Bool) throws {
        let facts = Self.read(Self.block(bigEndian: bigEndian))
        #expect(facts.captureTime?.text == "2024-05-06T07:08:09+02:30")
        #expect(facts.make == "Canon" && facts.model == "EOS 5D Mark IV")
        #expect(facts.orientation == .rotated90)
        let position = try #require(facts.position)
        #expect((position.latitude - (52 + 31.0 / 60 + 12.34 / 3_600)).magnitude < 1e-12)
        #expect((position.longitude + (13 + 24.0 / 60 + 27.0 / 3_600)).magnitude < 1e-12)
        // An altitude reference must be a BYTE. If it is UNDEFINED, it is ignored.
        #expect(position.altitude == 12.3)
    }

    @Test(
        arguments: [
            ("2024:02:29 23:59:60", "-09:30", "2024-02-29T23:59:60-09:30"),
            ("2024:02:29 23:59:60", nil, "2024-02-29T23:59:60"),
            ("0999:01:01 00:00:00", "+24:00", "0999-01-01T00:00:00"),
            ("2024:01:02 03:04:05", "Z", "2024-01-02T03:04:05"), ("2023:02:29 00:00:00", nil, nil),
            ("2024:13:01 00:00:00", nil, nil), ("2024:12:01 24:00:00", nil, nil), ("    :  :     :  :  ", nil, nil),
            ("0000:00:00 00:00:00", nil, nil), ("2024-05-06 07:08:09", nil, nil), ("2024:05:06 07:08:09 x", nil, nil),
            ("2024:05:06", nil, nil), ("", nil, nil),
        ] as [(String, String?, String?)])
    func invalidTimesAreRejected(time: String, offset: String?, expected: String?) {
        #expect(Self.read(Self.block(time: time, offset: offset)).captureTime?.text == expected)
    }

    @Test func invalidPositionsAreRejected() {
        func latitude(_ parts: [(Int, Int)], _ north: String = "N") -> Double? {
            Self.read(Self.block(latitude: parts, north: north)).position?.latitude
        }
        #expect(latitude([(905, 10)]) == nil)
        #expect(latitude([(90, 1), (0, 1), (0, 1)]) == 90)
        #expect(latitude([(45, 1), (1, 2)], "S") == -(45 + 0.5 / 60))
        #expect(latitude([(45, 0), (0, 1), (0, 1)]) == nil)
        #expect(latitude([(45, 1)], "Q") == nil)
    }

    @Test func namesAreCleanedAndShortened() {
        #expect(Self.read(Self.block(make: "  \u{7} ")).make == nil)
        #expect(Self.read(Self.block(make: "Ænima\u{9B}31m")).make == "Ænima31m")
        #expect(Self.read(Self.block(make: String(repeating: "x", count: 2_000))).make?.count == 128)
    }

    @Test func noTruncationAndNoOffsetCrashesTheReader() {
        let block = Self.block()
        for count in 0...block.count { _ = Self.read(Array(block.prefix(count))) }
        for at in 4..<block.count - 4 {
            for value: [UInt8] in [[0, 0, 0, 8], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFE], [0, 0, 0, 0]] {
                var broken = block
                broken.replaceSubrange(at..<at + 4, with: value)
                let facts = Self.read(broken)
                if let position = facts.position {
                    #expect((-90...90).contains(position.latitude) && (-180...180).contains(position.longitude))
                }
            }
        }
    }

    @Test func factsAreReadFromEveryFormat() throws {
        let block = Self.block()
        let jpeg = TestImages.jpeg(try TestImages.file(.jpeg, width: 16, height: 8), exif: block)
        var png = PNGFile(width: 9, height: 5, depth: 8, colorType: 2)
        png.after = [("eXIf", block)]
        let webp = try WebPFile.extended(
            TestImages.file(.webp, width: 16, height: 8), flags: WebPChunk.Flag.exif, width: 16, height: 8,
            after: [(WebPChunk.exif, block)])
        for file in [jpeg, png.bytes { x, y, _ in x + y }, webp] {
            let info = try readHeader(file)
            #expect(PhotoFacts.read(file.span.bytes, info: info) == Self.read(block))
        }
        let plain = try TestImages.file(.jpeg, width: 16, height: 8)
        #expect(PhotoFacts.read(plain.span.bytes, info: try readHeader(plain)) == PhotoFacts())
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)))
    func exiftoolReadsTheSame() throws {
        let file = TestImages.jpeg(try TestImages.file(.jpeg, width: 16, height: 8), exif: Self.block())
        let names = ["-n", "-s3", "-Make", "-GPSLatitude", "-GPSLongitude", "-SubSecDateTimeOriginal", "-"]
        let output = try #require(try Oracle.run("exiftool", names, input: file))
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        let facts = PhotoFacts.read(file.span.bytes, info: try readHeader(file))
        let position = try #require(facts.position)
        #expect(lines.first == facts.make && lines.count == 4)
        #expect(try (#require(Double(lines[1])) - position.latitude).magnitude < 1e-9)
        #expect(try (#require(Double(lines[2])) - position.longitude).magnitude < 1e-9)
        #expect(lines[3] == "2024:05:06 07:08:09+02:30")
    }
}
