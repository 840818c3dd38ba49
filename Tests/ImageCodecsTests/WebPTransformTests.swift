import ImageModel
import Testing

@testable import ImageCodecs

/// Rotating stored WebP files.
@Suite struct WebPTransformTests {
    private static func rotate(_ file: [UInt8], _ change: Orientation) throws -> TransformedImage {
        try ImageTransform.apply(change, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
    }

    private static func lossless(_ layout: PixelBuffer.Layout) throws -> [UInt8] {
        try ImageEncoder.encodeWebP(
            TestImages.pixels(width: 21, height: 13, layout: layout), quality: 75, isLossless: true,
            cancelled: CancelFlag())
    }

    @Test(arguments: Orientation.allCases, [PixelBuffer.Layout.rgb8, .rgba8])
    func losslessFilesAreRotatedWithoutLoss(change: Orientation, layout: PixelBuffer.Layout) throws {
        let file = try Self.lossless(layout)
        let rotated = try Self.rotate(file, change)
        #expect(rotated.isLossless)
        #expect(try Picture(decoding: rotated.bytes) == Picture(decoding: file).seen(as: change))
        try checkStructure(rotated.bytes, .webp)
    }

    @Test func coloursUnderFullTransparencyStay() throws {
        var pixels = try TestImages.pixels(width: 8, height: 4, layout: .rgba8)
        pixels.withMutableSamples { samples in
            for index in 0..<16 { samples[index * 4 + 3] = 0 }
        }
        let file = try ImageEncoder.encodeWebP(pixels, quality: 75, isLossless: true, cancelled: CancelFlag())
        #expect(try Picture(decoding: file) == Picture(pixels))
        #expect(try Picture(decoding: Self.rotate(file, .rotated90).bytes) == Picture(pixels).seen(as: .rotated90))
    }

    @Test(arguments: Orientation.allCases)
    func lossyIsEncodedAgain(change: Orientation) throws {
        for layout in [PixelBuffer.Layout.rgb8, .rgba8] {
            let file = try TestImages.file(.webp, width: 64, height: 40, layout: layout)
            let rotated = try Self.rotate(file, change)
            #expect(rotated.isLossless == (change == .upright))
            let expected = try Picture(decoding: file).seen(as: change)
            let actual = try Picture(decoding: rotated.bytes)
            #expect(try #require(actual.rgb.meanDifference(to: expected.rgb)) < 4)
            // Alpha is compressed without loss.
            #expect(actual.alpha == expected.alpha)
        }
    }

    @Test func metadataStayAndTheOrientationIsNormalised() throws {
        let simple = try Self.lossless(.rgb8)
        func build(_ orientation: UInt16, _ width: Int, _ height: Int, picture: [UInt8]) throws -> [UInt8] {
            try WebPFile.extended(
                picture, flags: WebPChunk.Flag.exif, width: width, height: height,
                after: [
                    (
                        WebPChunk.exif,
                        TestImages.exif(orientation: orientation, width: UInt32(width), height: UInt32(height))
                    ),
                    (FourCC("ABCD"), [1, 2, 3]),
                ])
        }
        let file = try build(6, 21, 13, picture: simple)
        #expect(try readHeader(file).orientation == .rotated90)
        #expect(try checkStructure(file, .webp, step: 5).lateOrientation == .rotated90)
        let retagged = try Self.rotate(file, .rotated270)
        #expect(retagged.isLossless && retagged.info.orientation == .upright)
        #expect(try Picture(decoding: retagged.bytes) == Picture(decoding: simple))

        let rotated = try Self.rotate(file, .upright)
        #expect(rotated.info.orientation == .upright && rotated.info.size == PixelSize(width: 13, height: 21))
        let chunks = try WebPFile.chunks(rotated.bytes)
        let exif = chunks.first { $0.name == WebPChunk.exif }?.data
        #expect(exif == TestImages.exif(orientation: 1, width: 13, height: 21))
        #expect(chunks.last?.data == [1, 2, 3])
        #expect(try Picture(decoding: rotated.bytes) == Picture(decoding: simple).seen(as: .rotated90))
    }

    @Test func animationsAreRejected() throws {
        let file = try WebPFile.animation(try Self.lossless(.rgb8), frames: 4, width: 21, height: 13)
        let summary = try checkStructure(file, .webp, step: 11)
        #expect(summary.frames == 4)
        let info = try readHeader(file)
        #expect(info.frames == 4)
        let first = Array(file.prefix(try headerEnd(file, .webp)))
        #expect(try readHeader(first).frames == nil)
        #expect(throws: CodecError.unsupported("this WebP is an animation")) { _ = try Self.rotate(file, .rotated90) }
        #expect(throws: CodecError.unsupported("this WebP is an animation")) { _ = try Picture(decoding: file) }
        #expect(throws: CodecError.tooLarge(limit: "the number of frames", value: 4, maximum: 3)) {
            try checkStructure(file, .webp, limits: CodecLimits(maximumFrames: 3))
        }
    }
}
