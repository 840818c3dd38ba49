import ImageModel
import Testing

@testable import ImageCodecs

/// Rotating JPEGs whose edges are not whole blocks, and JPEGs that libjpeg must not get.
@Suite struct JPEGTrimTests {
    private static func rotate(
        _ file: [UInt8], _ change: Orientation, _ edge: ImageTransform.Edge
    ) throws -> TransformedImage {
        try ImageTransform.apply(
            change, to: file.span.bytes, edge: edge, limits: CodecLimits(), cancelled: CancelFlag())
    }

    @Test(
        .enabled(if: Oracle.has("cjpeg", "jpegtran", corpus: false)),
        arguments: [
            ["-sample", "2x2"], ["-sample", "2x1"], ["-sample", "1x2"], ["-sample", "1x1"], ["-sample", "4x1"],
            ["-sample", "2x2,1x2,2x1"], ["-grayscale"], ["-progressive"], ["-arithmetic"], ["-rgb"],
        ])
    func trimmedEqualsJpegtranTrim(options: [String]) throws {
        for (width, height) in [(64, 96), (61, 96), (64, 90), (33, 35), (47, 63), (97, 40)] {
            let pixels = try TestImages.pixels(width: width, height: height, layout: .rgb8)
            let ppm = Array("P6\n\(width) \(height)\n255\n".utf8) + Picture(pixels).samples
            let file = try #require(try Oracle.run("cjpeg", options, input: ppm))
            for (change, switches) in JPEGTransformTests.arguments {
                let expected = try #require(try Oracle.run("jpegtran", ["-trim"] + switches, input: file))
                let rotated = try Self.rotate(file, change, .trim)
                let name: Comment = "\(width)x\(height) \(switches)"
                #expect(rotated.isLossless, name)
                let canonical = ["-copy", "none", "-optimize"]
                #expect(
                    try Oracle.run("jpegtran", canonical, input: rotated.bytes)
                        == Oracle.run("jpegtran", canonical, input: expected), name)
                let whole = PixelSize(width: width, height: height)
                let isTrimmed = rotated.info.size != (change.swapsAxes ? whole.transposed : whole)
                #expect(rotated.effects == (isTrimmed ? .trimmedEdge : []), name)
            }
        }
    }

    @Test func sizesInMetadataAreTheTrimmedOnes() throws {
        // MCUs of 16 pixels: 61 becomes 48.
        let plain = try TestImages.file(.jpeg, width: 61, height: 32, quality: 70)
        let file = TestImages.jpeg(plain, exif: TestImages.exif(orientation: 1, width: 61, height: 32))
        let rotated = try Self.rotate(file, .rotated270, .trim)
        #expect(rotated.isLossless && rotated.effects == .trimmedEdge)
        #expect(rotated.info.size == PixelSize(width: 32, height: 48))
        let expected = TestImages.jpeg([0xFF, 0xD8], exif: TestImages.exif(orientation: 1, width: 32, height: 48))
        #expect(rotated.bytes.starts(with: expected))
    }

    @Test func aPictureIsNeverTrimmedToZero() throws {
        let file = try TestImages.file(.jpeg, width: 13, height: 32, quality: 70)
        let rotated = try Self.rotate(file, .mirrored, .trim)
        #expect(!rotated.isLossless && rotated.effects == [])
        #expect(rotated.info.size == PixelSize(width: 13, height: 32))
    }

    /// A zero in a quantisation table crashed the process in libjpeg-turbo 2.1.5 (division by zero), if a picture or
    /// thumbnail without whole blocks was encoded again with that table.
    @Test func aZeroInAQuantisationTableIsRejectedAsDamaged() throws {
        let file = try TestImages.file(.jpeg, width: 21, height: 13, quality: 90)
        let table = try #require((0..<file.count).first { file[$0...].starts(with: [0xFF, 0xDB]) })
        var broken = file
        broken[table + 9] = 0
        #expect(throws: CodecError.damaged("its JPEG data contradict the format")) {
            _ = try Self.rotate(broken, .rotated180, .reencode)
        }
        let host = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 32, height: 16),
            exif: TestImages.exif(orientation: 1, width: 32, height: 16, thumbnail: broken))
        #expect(try Self.rotate(host, .rotated180, .reencode).effects == .droppedThumbnail)
    }
}
