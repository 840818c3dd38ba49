import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Bytes after the end of a picture are stored, whatever they are, and are not part of the picture.
@Suite struct TrailingBytesTests {
    /// Text, whole and truncated pictures, archives, zeroes, and boxes that state more bytes than there are.
    private static func tails() throws -> [[UInt8]] {
        var tails: [[UInt8]] = [
            Array("hello world, this is not a box at all".utf8), Array("x".utf8), Array("\n".utf8),
            [UInt8](repeating: 0, count: 5), [UInt8](repeating: 0, count: 4_096), [UInt8](repeating: 255, count: 99),
            Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 7, count: 60), Array("%PDF-1.7 ".utf8),
            PNGFile.long(1 << 30) + Array("free".utf8) + [1, 2, 3], PNGFile.long(0) + Array("meta".utf8) + [0, 0],
            PNGFile.long(1) + Array("uuid".utf8) + [UInt8](repeating: 255, count: 8),
            PNGFile.long(1) + Array("uuid".utf8) + [0, 0, 1, 0, 0, 0, 0, 0],
            PNGFile.long(3) + Array("abcd".utf8), PNGFile.long(100) + Array("moov".utf8) + [1, 2],
            PNGFile.long(60) + Array("meta".utf8) + [0, 0, 0, 0] + [9, 9],
            Array("RIFF".utf8) + [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xD8, 0xFF, 0xE0, 0, 16], PNGFile.signature,
            Array("<?xml version=\"1.0\"?><svg/>".utf8), (0...255).map { UInt8($0) },
        ]
        for format in ImageFormat.allCases {
            let other = try TestImages.file(format, width: 16, height: 16)
            tails += [other, Array(other.dropLast(9)), Array(other.prefix(20))]
        }
        return tails
    }

    /// Text after an AVIF was once treated as a truncated box.
    @Test(arguments: ImageFormat.allCases)
    func anyBytesMayFollowTheEnd(format: ImageFormat) throws {
        let file = try TestImages.file(format, width: 33, height: 21)
        let info = try readHeader(file)
        let picture = try Picture(decoding: file)
        for tail in try Self.tails() {
            let longer = file + tail
            for step in [1, 13, 65_536] {
                let summary = try checkStructure(longer, format, step: step)
                #expect(summary.imageEnd >= file.count && summary.trailingBytes == longer.count - summary.imageEnd)
            }
            #expect(try readHeader(longer) == info)
            #expect(try Picture(decoding: longer) == picture)
        }
    }

    /// Another file after the picture, or bytes that are not a box, are not part of the picture. They are removed with
    /// the metadata.
    @Test func aSecondFileIsNotPartOfThePicture() throws {
        let file = try TestImages.file(.avif, width: 33, height: 21)
        #expect(try checkStructure(file + file, .avif).imageEnd == file.count)
        #expect(try checkStructure(file + Array("hello world, no box".utf8), .avif).imageEnd == file.count)
        let info = try readHeader(file)
        let kept = try MetadataPolicy.dropAll.apply(to: (file + file).span.bytes, info: info, limits: CodecLimits())
        #expect(kept == file)
    }

    /// A picture without its own end is still detected, even if the picture is stored in the header, or its data are in
    /// two boxes.
    @Test func aTruncatedPictureIsStillRejected() throws {
        let file = try TestImages.file(.avif, width: 33, height: 21)
        for count in [1, 8, 30] {
            #expect(throws: CodecError.self) { try checkStructure(Array(file.dropLast(count)), .avif) }
        }
        let half = AVIFFile.box("mdat", [1, 2, 3, 4])
        #expect(throws: CodecError.self) { try checkStructure(file + half.dropLast(1), .avif) }
        try checkStructure(file + half, .avif)

        var inside = AVIFBuilder()
        inside.add(1, try .flat([1, 99, 200], width: 40, height: 30))
        inside.items[0].isInMeta = true
        let whole = inside.bytes
        let text = Array("hello world, this is not a box at all".utf8)
        for step in [1, 3, 65_536] {
            let meta = Array(whole.dropLast(8))
            #expect(try checkStructure(meta + text, .avif, step: step).imageEnd == meta.count)
        }
        #expect(try Picture(decoding: whole.dropLast(8) + text).width == 40)
        // A header alone is not a picture.
        let header = AVIFFile.header(width: 40, height: 30)
        #expect(throws: CodecError.self) { try checkStructure(header + text, .avif) }
    }
}
