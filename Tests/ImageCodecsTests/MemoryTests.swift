import ImageModel
import Testing

@testable import ImageCodecs

/// The memory bounds that admission uses.
@Suite struct MemoryTests {
    @Test(arguments: ImageFormat.allCases)
    func theBoundOfAFileIsAtMostTheBoundOfItsSize(format: ImageFormat) throws {
        let file = try TestImages.file(format, width: 700, height: 500)
        let info = try readHeader(file)
        for scale in [1, 2, 4, 8] {
            let worst = ImageDecoder.memoryBytes(info: info, scaleDenominator: scale)
            let exact = ImageDecoder.memoryBytes(
                file: file.span.bytes, info: info, scaleDenominator: scale, limits: CodecLimits())
            #expect(exact <= worst)
            // The decoded pixels are part of it.
            let side = format == .jpeg ? scale : 1
            #expect(exact >= 700 / side * (500 / side) * 3)
        }
    }

    @Test func coefficientsAreCountedIfTheyAreBuffered() throws {
        // This encoder writes progressive files: three coefficients of two bytes for each pixel at full chroma.
        let size = PixelSize(width: 1_600, height: 1_200)
        let file = try TestImages.file(.jpeg, width: size.width, height: size.height, quality: 95)
        let info = try readHeader(file)
        let decoding = ImageDecoder.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(decoding >= size.pixels * 9)
        let rotating = ImageTransform.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(rotating >= size.pixels * 12)
        #expect(ImageEncoder.memoryBytes(size: size, format: .jpeg, quality: 95, hasAlpha: false) >= size.pixels * 12)
    }

    /// A profile of 3.7 MB took 18 MB, but admission counted only 4.
    @Test func aLargeProfileIsCounted() throws {
        let plain = try TestImages.file(.webp, width: 64, height: 48)
        let profile = [UInt8](repeating: 7, count: 1 << 20)
        let size = PixelSize(width: 64, height: 48)
        let file = try WebPContainer.rebuild(plain.span.bytes, size: size, profile: profile)
        let info = try readHeader(file)
        let without = ImageDecoder.memoryBytes(
            file: plain.span.bytes, info: try readHeader(plain), limits: CodecLimits())
        let with = ImageDecoder.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(with >= without + 5 * profile.count)
    }

    /// libwebp decodes the alpha of a lossy picture as a lossless picture of four bytes per pixel, in addition to the
    /// alpha plane itself.
    @Test func alphaOfALossyWebPIsCounted() throws {
        let size = PixelSize(width: 1_200, height: 900)
        let file = try TestImages.file(.webp, width: size.width, height: size.height, layout: .rgba8)
        let info = try readHeader(file)
        let bytes = ImageDecoder.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(bytes >= 9 * size.pixels)
        #expect(ImageDecoder.memoryBytes(info: info) >= 9 * size.pixels)
        let smaller = ImageDecoder.memoryBytes(
            file: file.span.bytes, info: info, scaleDenominator: 4, limits: CodecLimits())
        #expect(smaller >= 5 * size.pixels)
    }

    /// libavif 0.11 does not compare av1C with the AV1 data, which may need four times as many bytes as the box states.
    @Test func theStatedDepthOfAnAVIFIsNotTrusted() throws {
        let size = PixelSize(width: 2_000, height: 1_500)
        // Eight bits with 4:2:0, and twelve bits with 4:4:4.
        for coding in [[0x81, 0, 0x0C, 0], [0x81, 0, 0x60, 0]] as [[UInt8]] {
            let file = AVIFFile.header(width: size.width, height: size.height, coding: coding)
            let info = try readHeader(file)
            let bytes = ImageDecoder.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
            #expect(bytes >= size.pixels * (12 + 3))
        }
    }

    /// Rotating a small lossless WebP took 174 bytes per pixel, most of them for libwebp's histograms.
    @Test func smallLosslessPicturesAreCounted() throws {
        let file = try ImageEncoder.encodeWebP(
            TestImages.pixels(width: 256, height: 256, layout: .rgb8), quality: 75, isLossless: true,
            cancelled: CancelFlag())
        let bytes = ImageTransform.memoryBytes(
            file: file.span.bytes, info: try readHeader(file), limits: CodecLimits())
        #expect(bytes > 174 * 256 * 256)
    }
}
