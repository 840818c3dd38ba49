import ImageModel
import Testing

@testable import ImageCodecs

/// Artist and copyright, from each place where a file can have them.
@Suite struct RightsTests {
    private static func read(_ file: [UInt8]) throws -> EncodedMetadata? {
        EncodedMetadata.read(file.span.bytes, info: try readHeader(file))
    }

    /// exiftool writes them, and this code reads them.
    @Test(
        .enabled(if: Oracle.has("exiftool", corpus: false)),
        arguments: [
            (ImageFormat.jpeg, ["-XMP-dc:Creator=Ann & <Bea>", "-XMP-dc:Rights=© Ann, 2024"]),
            (.png, ["-XMP-dc:Creator=Ann & <Bea>", "-XMP-dc:Rights=© Ann, 2024"]),
            (.png, ["-z", "-XMP-dc:Creator=Ann & <Bea>", "-XMP-dc:Rights=© Ann, 2024"]),
            (.png, ["-PNG:Author=Ann & <Bea>", "-PNG:Copyright=© Ann, 2024"]),
            (.webp, ["-XMP-dc:Creator=Ann & <Bea>", "-XMP-dc:Rights=© Ann, 2024"]),
            (.avif, ["-XMP-dc:Creator=Ann & <Bea>", "-XMP-dc:Rights=© Ann, 2024"]),
            (.jpeg, ["-IPTC:By-line=Ann & <Bea>", "-IPTC:CopyrightNotice=© Ann, 2024"]),
            (.jpeg, ["-charset", "iptc=latin", "-IPTC:By-line=Ann & <Bea>", "-IPTC:CopyrightNotice=© Ann, 2024"]),
            (
                .jpeg,
                [
                    "-codedcharacterset=utf8", "-IPTC:By-line=Ann & <Bea>", "-IPTC:CopyrightNotice=© Ann, 2024",
                    "-EXIF:GPSLatitude=1", "-EXIF:GPSLatitudeRef=N",
                ]
            ),
        ])
    func rightsAreReadFromEveryField(format: ImageFormat, arguments: [String]) throws {
        let plain = try TestImages.file(format, width: 24, height: 16)
        let file = try #require(try Oracle.run("exiftool", arguments + ["-o", "-", "{in}"], input: plain))
        let found = try #require(try Self.read(file))
        #expect(found.artist == Array("Ann & <Bea>".utf8))
        #expect(found.copyright == Array("© Ann, 2024".utf8))
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)))
    func exifIsPreferredAndOtherFieldsFillItsGaps() throws {
        let plain = try TestImages.file(.jpeg, width: 24, height: 16)
        let arguments = [
            "-EXIF:Copyright=of EXIF", "-XMP-dc:Rights=of XMP", "-IPTC:CopyrightNotice=of IPTC",
            "-XMP-dc:Creator=Ann", "-XMP-dc:Creator=Bea", "-IPTC:By-line=Cleo",
        ]
        let file = try #require(try Oracle.run("exiftool", arguments + ["-o", "-", "{in}"], input: plain))
        let found = try #require(try Self.read(file))
        #expect(found.copyright == Array("of EXIF".utf8))
        #expect(found.artist == Array("Ann; Bea".utf8))
    }

    @Test(
        arguments: [
            (
                #"<x><dc:rights><rdf:Alt><rdf:li xml:lang="de">D</rdf:li><rdf:li xml:lang="x-default">E</rdf:li>"#
                    + #"</rdf:Alt></dc:rights></x>"#, "E"
            ),
            ("<x><dc:rights>\n A\tand\r\nB </dc:rights></x>", "A and B"),
            (#"<x dc:rights = 'Ann&#169; &#xe9;&amp;&quot;'/>"#, "Ann© é&\""),
            (#"<x><dc:rightsHolder>no</dc:rightsHolder><dc:rights>yes</dc:rights></x>"#, "yes"),
            ("<x><dc:rights/></x>", nil), ("<x><dc:rights>never closed", nil),
            ("<x><dc:rights><b>bold</b></dc:rights>", nil),
            ("<dc:rights", nil), ("dc:rights", nil), ("", nil), ("<x dc:rights='never closed", nil),
            ("<x><dc:rights>&#xD800;&unknown;&#99999999999;</dc:rights></x>", "&#xD800;&unknown;&#99999999999;"),
        ] as [(String, String?)])
    func rightsAreReadFromEveryFormOfXMP(packet: String, copyright: String?) {
        let found = XMPRights.read(Array(packet.utf8))
        #expect(found?.copyright.map { String(decoding: $0, as: UTF8.self) } == copyright)
    }

    /// For each opening without an end, the code searched to the end of the packet. A megabyte of them took minutes.
    @Test(arguments: ["<dc:rights>", "<dc:rights ", "<dc:rights='", "<dc:rights><rdf:li>", "<rdf:li", "dc:rights=\""])
    func elementsWithoutAnEndCostNoTime(piece: String) {
        let packet = Array(repeating: Array(piece.utf8), count: (1 << 20) / piece.utf8.count).flatMap { $0 }
        _ = XMPRights.read(packet)
        #expect(XMPRights.read(Array("<x><dc:rights><rdf:Seq>".utf8) + packet + Array("</dc:rights>".utf8)) == nil)
    }

    @Test func valuesThatAreNotTextAreOmitted() {
        func copyright(_ bytes: [UInt8]) -> [UInt8]? {
            EncodedMetadata.checked(artist: nil, copyright: bytes)?.copyright
        }
        #expect(copyright(Array(" Ann \0".utf8)) == Array("Ann".utf8))
        #expect(copyright([0xFF, 0xFE]) == nil)
        #expect(copyright(Array("a\u{7}b".utf8)) == nil)
        #expect(copyright([UInt8](repeating: 65, count: EncodedMetadata.maximumBytes + 1)) == nil)
        #expect(copyright([UInt8](repeating: 65, count: EncodedMetadata.maximumBytes)) != nil)
        #expect(copyright(Array("  ".utf8)) == nil)
    }

    @Test func brokenRecordsAreIgnored() {
        var random = SplitMix(seed: 11)
        let good =
            Array("Photoshop 3.0\0".utf8) + Array("8BIM".utf8) + [4, 4, 0, 0, 0, 0, 0, 16]
            + [0x1C, 2, 80, 0, 3] + Array("Ann".utf8) + [0x1C, 2, 116, 0, 3] + Array("Bea".utf8)
        let expected = EncodedMetadata(artist: Array("Ann".utf8), copyright: Array("Bea".utf8))
        #expect(IPTCRights.read(photoshop: good.span.bytes) == expected)
        for _ in 0..<5_000 {
            var broken = Array(good.prefix(Int.random(in: 0...good.count, using: &random)))
            if !broken.isEmpty { broken[Int.random(in: 0..<broken.count, using: &random)] = UInt8(random.next() & 255) }
            let found = IPTCRights.read(photoshop: broken.span.bytes)
            #expect((found?.artist?.count ?? 0) + (found?.copyright?.count ?? 0) <= broken.count)
        }
    }
}
