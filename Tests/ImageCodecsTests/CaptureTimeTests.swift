import ImageModel
import Testing

@testable import ImageCodecs

/// The time of a photo was null if only XMP or IPTC had it. exiftool writes these files, and the result is compared
/// with the time that exiftool reads.
@Suite struct CaptureTimeTests {
    private static let original = "-XMP-exif:DateTimeOriginal=2001:01:01 01:01:01+01:00"
    private static let created = "-XMP-photoshop:DateCreated=2002:02:02 02:02:02.55Z"
    private static let digitized = "-XMP-xmp:CreateDate=2003:03:03 03:03:03"
    private static let iptc = ["-IPTC:DateCreated=2004:04:04", "-IPTC:TimeCreated=04:04:04-04:30"]

    private static func time(_ file: [UInt8]) throws -> String? {
        PhotoFacts.read(file.span.bytes, info: try readHeader(file)).captureTime?.text
    }

    @Test(
        .enabled(if: Oracle.has("exiftool", corpus: false)), arguments: ImageFormat.allCases,
        [
            ([original, created, digitized] + iptc, "2001-01-01T01:01:01+01:00"),
            ([created, digitized], "2002-02-02T02:02:02+00:00"), ([digitized], "2003-03-03T03:03:03"),
            (["-XMP-photoshop:DateCreated=2002:02:02", digitized], "2003-03-03T03:03:03"),
            (["-EXIF:Make=Acme", original], "2001-01-01T01:01:01+01:00"),
            (["-EXIF:DateTimeOriginal=2000:01:01 00:00:00", original], "2000-01-01T00:00:00"),
            (
                ["-EXIF:DateTimeOriginal=    :  :     :  :  ", "-XMP-xmp:CreateDate=2003:03:03 03:03"],
                "2003-03-03T03:03:00"
            ),
            (["-XMP-photoshop:DateCreated=2002:02"], nil), (["-XMP-dc:Title=2001:01:01 01:01:01"], nil),
        ] as [([String], String?)])
    func theTimeIsReadFromEveryFormat(format: ImageFormat, tags: ([String], String?)) throws {
        let plain = try TestImages.file(format, width: 24, height: 16, layout: format == .webp ? .rgba8 : .rgb8)
        let arguments = ["-m", "-q"] + tags.0 + ["-o", "-", "-"]
        let file = try #require(try Oracle.run("exiftool", arguments, input: plain))
        #expect(try Self.time(file) == tags.1)
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)), arguments: [ImageFormat.jpeg, .png], [[], ["-z"]])
    func theTimeIsReadFromIPTCRecords(format: ImageFormat, options: [String]) throws {
        let plain = try TestImages.file(format, width: 24, height: 16)
        for (tags, expected) in [
            (Self.iptc, "2004-04-04T04:04:04-04:30"), (Self.iptc + [Self.created], "2004-04-04T04:04:04-04:30"),
            (["-IPTC:DateCreated=2004:04:04"], nil),
            (["-IPTC:DateCreated=2004:04:04", Self.created], "2002-02-02T02:02:02+00:00"),
        ] as [([String], String?)] {
            let arguments = ["-m", "-q"] + options + tags + ["-o", "-", "-"]
            let file = try #require(try Oracle.run("exiftool", arguments, input: plain))
            #expect(try Self.time(file) == expected)
        }
    }

    @Test(
        arguments: [
            ("2001-01-01T01:01:01+01:00", "2001-01-01T01:01:01+01:00"),
            ("2001-01-01T01:01:01.123456-11:30", "2001-01-01T01:01:01-11:30"),
            ("2001-01-01T01:01Z", "2001-01-01T01:01:00+00:00"), ("2001:01:01 01:01:01", "2001-01-01T01:01:01"),
            ("2001-02-29T01:01:01", nil), ("2001-01-01T25:01:01", nil), ("2001-01-01", nil), ("2001", nil), ("", nil),
            ("2001-01-01T01:01:01+25:00", "2001-01-01T01:01:01"), ("2001/01/01T01:01:01", nil),
        ] as [(String, String?)])
    func formsOfTimesInXMP(text: String, expected: String?) throws {
        #expect(PhotoFacts.CaptureTime(xmp: Array(text.utf8))?.text == expected)
        // Also as an attribute, and in another encoding.
        let packet = PlaceSamples.xmp(place: false, more: "<exif:DateTimeOriginal>\(text)</exif:DateTimeOriginal>")
        let plain = try TestImages.file(.jpeg, width: 16, height: 8)
        for bytes in [Array(packet.utf8), PlaceSamples.encoded(packet, width: 2, bigEndian: false)] {
            let file = TestImages.jpeg(plain, inserting: TestImages.segment(0xE1, PlaceSamples.xmpHeader + bytes))
            #expect(try Self.time(file) == expected)
        }
    }

    @Test(
        arguments: [
            ("20040404", "040404+0430", "2004-04-04T04:04:04+04:30"), ("20040404", "040404", "2004-04-04T04:04:04"),
            ("20040404", "0404", nil), ("20040431", "040404", nil), ("2004-4-4", "040404", nil), ("20040404", "", nil),
            ("20040404", "040404+04:30", "2004-04-04T04:04:04"),
        ] as [(String, String, String?)])
    func formsOfTimesInIPTC(date: String, time: String, expected: String?) {
        let found = PhotoFacts.CaptureTime(iptcDate: Array(date.utf8), time: Array(time.utf8))
        #expect(found?.text == expected)
    }
}
