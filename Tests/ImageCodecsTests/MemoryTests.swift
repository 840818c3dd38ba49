import ImageCodecs
import ImageModel
import Testing

/// The bounds that memory is admitted by.
@Suite struct MemoryTests {
    @Test(arguments: ImageFormat.allCases)
    func theBoundOfOneFileIsNoLargerThanThatOfAnyFile(format: ImageFormat) throws {
        let file = try TestImages.file(format, width: 700, height: 500)
        let info = try readHeader(file)
        for scale in [1, 2, 4, 8] {
            let worst = ImageDecoder.memoryBytes(info: info, scaleDenominator: scale)
            let exact = ImageDecoder.memoryBytes(
                file: file.span.bytes, info: info, scaleDenominator: scale, limits: CodecLimits())
            #expect(exact <= worst)
            // The pixels handed out are part of it.
            let side = format == .jpeg ? scale : 1
            #expect(exact >= 700 / side * (500 / side) * 3)
        }
    }

    @Test func coefficientsCountWhereTheyAreKept() throws {
        // What is written here is progressive: three coefficients of two bytes for each pixel at full chroma.
        let size = PixelSize(width: 1_600, height: 1_200)
        let file = try TestImages.file(.jpeg, width: size.width, height: size.height, quality: 95)
        let info = try readHeader(file)
        let decoding = ImageDecoder.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(decoding >= size.pixels * 9)
        let turning = ImageTransform.memoryBytes(file: file.span.bytes, info: info, limits: CodecLimits())
        #expect(turning >= size.pixels * 12)
        #expect(ImageEncoder.memoryBytes(size: size, layout: .rgb8, format: .jpeg) >= size.pixels * 6)
    }
}
