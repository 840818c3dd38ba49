import ImageModel
import Testing

@testable import ImageCodecs

/// Signatures, headers and their limits.
@Suite struct HeaderTests {
    @Test func formatsAreDetectedByTheirSignature() throws {
        for format in ImageFormat.allCases {
            let bytes = try TestImages.file(format, width: 3, height: 2)
            #expect(ImageFormat.detect(Array(bytes.prefix(ImageFormat.maximumSignatureLength)).span.bytes) == format)
            #expect(ImageFormat.detect(Array(bytes.prefix(2)).span.bytes) == nil)
        }
        for text in ["", "<html>", "GIF89a......", "RIFF....WAVE", "\u{FF}\u{D8}"] {
            #expect(ImageFormat.detect(Array(text.utf8).span.bytes) == nil)
        }
    }

    @Test(arguments: ImageFormat.allCases)
    func sizeAndAlphaAreRead(format: ImageFormat) throws {
        for (width, height) in [(1, 1), (300, 2), (7, 500)] {
            let plain = try readHeader(TestImages.file(format, width: width, height: height))
            #expect(
                plain == ImageInfo(format: format, size: PixelSize(width: width, height: height), colorProfile: "sRGB"))
            guard format.capabilities.hasAlpha else { continue }
            let alpha = try readHeader(TestImages.file(format, width: width, height: height, layout: .rgba8))
            #expect(alpha.hasAlpha)
        }
    }

    /// A picture of 20,000 by 14,000 pixels in a file of a hundred bytes. The server rejects it before it decodes
    /// anything.
    @Test func aHugeJPEGIsRejectedByItsHeader() throws {
        var file = try TestImages.file(.jpeg, width: 16, height: 16)
        let frame = try #require((0..<file.count - 9).first { file[$0] == 0xFF && file[$0 + 1] == 0xC2 })
        file.replaceSubrange(frame + 5..<frame + 9, with: [0x36, 0xB0, 0x4E, 0x20])
        let error = CodecError.tooLarge(limit: "the number of pixels", value: 280_000_000, maximum: 120_000_000)
        #expect(throws: error) { _ = try readHeader(file) }
        #expect(throws: error) {
            _ = try ImageTransform.apply(
                .rotated90, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
        }
    }

    @Test func aHugePNGIsRejectedByItsHeader() throws {
        let file =
            PNGFile.signature + PNGFile.chunk("IHDR", PNGFile.long(65_536) + PNGFile.long(65_536) + [8, 2, 0, 0, 0])
            + PNGFile.chunk("IDAT", [0x78, 0x01])
        #expect(throws: CodecError.tooLarge(limit: "the number of pixels", value: 1 << 32, maximum: 120_000_000)) {
            _ = try readHeader(file)
        }
    }

    @Test func theFirstReadableExifWins() throws {
        let plain = try TestImages.file(.jpeg, width: 16, height: 16)
        func segment(_ block: [UInt8]) -> [UInt8] { TestImages.segment(0xE1, [0x45, 0x78, 0x69, 0x66, 0, 0] + block) }
        let file = TestImages.jpeg(
            plain,
            inserting: segment([1, 2, 3, 4]) + segment(TestImages.exif(orientation: 3, bigEndian: false))
                + segment(TestImages.exif(orientation: 8)))
        #expect(try readHeader(file).orientation == .rotated180)
    }

    @Test func aProfileTooLargeIsRejected() throws {
        let plain = try TestImages.file(.jpeg, width: 16, height: 16)
        let parts = (1...3).flatMap { number in
            TestImages.segment(
                0xE2, ICCProfile.jpegSignature + [UInt8(number), 3] + [UInt8](repeating: 7, count: 1_000))
        }
        let file = TestImages.jpeg(plain, inserting: parts)
        #expect(try readHeader(file, limits: CodecLimits(maximumProfileBytes: 3_000)).colorProfile == nil)
        #expect(throws: CodecError.tooLarge(limit: "the size of the color profile", value: 3_000, maximum: 2_999)) {
            _ = try readHeader(file, limits: CodecLimits(maximumProfileBytes: 2_999))
        }
    }

    /// libpng would silently ignore such a profile, and the colours would be wrong.
    @Test func aPNGProfileTooLargeIsRejectedBeforeItIsInflated() throws {
        var png = PNGFile(width: 2, height: 2, depth: 8, colorType: 2)
        let profile = PNGFile.long(5_000_000) + [UInt8](repeating: 0, count: 5_000)
        png.before = [("iCCP", [0x61, 0, 0] + PNGFile.zlib(profile))]
        let error = CodecError.tooLarge(limit: "the size of the color profile", value: 5_000_000, maximum: 4 << 20)
        #expect(throws: error) { _ = try readHeader(png.bytes { _, _, _ in 0 }) }
    }

    @Test func aTimeLimitSetsTheFlag() throws {
        let flag = CancelFlag(timeLimit: .zero)
        #expect(flag.isCancelled && flag.hasTimedOut)
        let bytes = try TestImages.file(.png, width: 300, height: 300)
        let info = try readHeader(bytes)
        #expect(throws: CodecError.cancelled) {
            _ = try Picture(ImageDecoder.decode(bytes.span.bytes, info: info, limits: CodecLimits(), cancelled: flag))
        }
        let long = CancelFlag(timeLimit: .seconds(1_000_000))
        #expect(!long.isCancelled && !long.hasTimedOut)
        long.cancel()
        #expect(long.isCancelled && !long.hasTimedOut)
    }

    @Test func cancelledWorkStops() throws {
        let flag = CancelFlag()
        flag.cancel()
        for format in ImageFormat.allCases {
            let bytes = try TestImages.file(format, width: 300, height: 300)
            let info = try readHeader(bytes)
            #expect(throws: CodecError.cancelled) {
                _ = try Picture(
                    ImageDecoder.decode(bytes.span.bytes, info: info, limits: CodecLimits(), cancelled: flag))
            }
            if format != .avif {
                #expect(throws: CodecError.cancelled) {
                    _ = try ImageTransform.apply(
                        .rotated90, to: bytes.span.bytes, limits: CodecLimits(), cancelled: flag)
                }
            }
            #expect(throws: CodecError.cancelled) {
                _ = try ImageEncoder.encode(
                    TestImages.pixels(width: 300, height: 300, layout: .rgb8), format: format, quality: nil,
                    metadata: nil, cancelled: flag)
            }
        }
    }
}
