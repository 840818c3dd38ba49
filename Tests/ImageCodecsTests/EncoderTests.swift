import ImageCodecs
import ImageModel
import Testing

/// The output of the encoders.
@Suite struct EncoderTests {
    private static let layouts: [PixelBuffer.Layout] = [.gray8, .rgb8, .rgba8]

    @Test(arguments: layouts)
    func pngIsExact(layout: PixelBuffer.Layout) throws {
        for (width, height) in [(1, 1), (17, 5), (64, 64)] {
            let pixels = try TestImages.pixels(width: width, height: height, layout: layout)
            let file = try ImageEncoder.encode(
                pixels, format: .png, quality: nil, metadata: nil, cancelled: CancelFlag())
            #expect(try Picture(decoding: file) == Picture(pixels))
        }
    }

    @Test(arguments: layouts)
    func webpComesCloseAndKeepsAlpha(layout: PixelBuffer.Layout) throws {
        let pixels = try TestImages.pixels(width: 64, height: 48, layout: layout)
        let file = try ImageEncoder.encode(pixels, format: .webp, quality: 90, metadata: nil, cancelled: CancelFlag())
        let decoded = try Picture(decoding: file)
        #expect(try #require(decoded.rgb.meanDifference(to: Picture(pixels).rgb)) < 8)
        #expect(decoded.alpha == Picture(pixels).alpha)
    }

    @Test func jpegComesCloseAndIsProgressive() throws {
        for layout in [PixelBuffer.Layout.gray8, .rgb8] {
            let pixels = try TestImages.pixels(width: 50, height: 41, layout: layout)
            let file = try ImageEncoder.encode(
                pixels, format: .jpeg, quality: 95, metadata: nil, cancelled: CancelFlag())
            let decoded = try Picture(decoding: file)
            #expect(decoded.channels == layout.bytesPerPixel)
            #expect(try #require(decoded.meanDifference(to: Picture(pixels))) < 3)
            #expect((0..<file.count - 1).contains { file[$0] == 0xFF && file[$0 + 1] == 0xC2 })
        }
    }

    @Test func chromaIsHalvedBelowQuality90() throws {
        for (quality, sampling) in [(1, UInt8(0x22)), (89, 0x22), (90, 0x11), (100, 0x11)] {
            let file = try TestImages.file(.jpeg, width: 32, height: 32, quality: quality)
            let frame = try #require((0..<file.count - 12).first { file[$0] == 0xFF && file[$0 + 1] == 0xC2 })
            #expect(file[frame + 11] == sampling)
        }
        let small = try TestImages.file(.jpeg, width: 64, height: 64, quality: 20).count
        #expect(small < (try TestImages.file(.jpeg, width: 64, height: 64, quality: 80).count))
    }

    @Test func whatAFormatCannotHoldIsRejected() throws {
        #expect(throws: CodecError.unsupported("JPEG has no transparency")) {
            _ = try TestImages.file(.jpeg, width: 4, height: 4, layout: .rgba8)
        }
        let side = ImageFormat.webp.capabilities.maximumSide
        #expect(try readHeader(TestImages.file(.webp, width: side, height: 1)).size.width == side)
        #expect(throws: CodecError.self) { _ = try TestImages.file(.webp, width: side + 1, height: 1) }
        #expect(throws: CodecError.self) { _ = try TestImages.file(.jpeg, width: 65_501, height: 1) }
    }

    @Test(arguments: Orientation.allCases)
    func pixelBuffersAreRotated(orientation: Orientation) throws {
        for layout in Self.layouts {
            let pixels = try TestImages.pixels(width: 67, height: 35, layout: layout)
            let rotated = try pixels.rotated(by: orientation, cancelled: CancelFlag())
            #expect(Picture(rotated) == Picture(pixels).seen(as: orientation))
        }
    }
}
