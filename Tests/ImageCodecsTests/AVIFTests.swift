import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Decoding and encoding AVIF.
@Suite struct AVIFTests {
    @Test(arguments: [PixelBuffer.Layout.gray8, .rgb8, .rgba8])
    func encodedPixelsAreCloseToTheOriginal(layout: PixelBuffer.Layout) throws {
        let pixels = try TestImages.pixels(width: 65, height: 48, layout: layout)
        let file = try ImageEncoder.encode(pixels, format: .avif, quality: 95, metadata: nil, cancelled: CancelFlag())
        let decoded = try Picture(decoding: file)
        #expect(try #require(decoded.rgb.meanDifference(to: Picture(pixels).rgb)) < 4)
        #expect(try #require(decoded.alpha.maximumDifference(to: Picture(pixels).alpha)) <= 8)
        try checkStructure(file, .avif)
        for step in [1, 7, 1_000] { #expect(try checkStructure(file, .avif, step: step).imageEnd == file.count) }
        let end = try headerEnd(file, .avif)
        #expect(end < file.count)
        #expect(try readHeader(Array(file.prefix(end))) == readHeader(file))
    }

    @Test(.enabled(if: Oracle.has("avifdec", corpus: false)))
    func pixelsEqualAvifdec() throws {
        for layout in [PixelBuffer.Layout.rgb8, .rgba8] {
            for quality in [20, 80, 95] {
                let file = try TestImages.file(.avif, width: 70, height: 41, layout: layout, quality: quality)
                let png = try #require(
                    try Oracle.convert("avifdec", ["-j", "1"], input: file, from: "avif", to: "png"))
                #expect(try Picture(decoding: file) == Picture(decoding: png), "\(layout) \(quality)")
            }
        }
    }

    /// Rotations and mirrors by irot and imir, a clean aperture, ten and twelve bits, and a profile, all written by
    /// avifenc.
    @Test(.enabled(if: Oracle.has("avifenc", corpus: false)))
    func filesOfAvifencAreRead() throws {
        let size = PixelSize(width: 60, height: 40)
        let pixels = try TestImages.pixels(width: size.width, height: size.height, layout: .rgb8)
        let plain = try ImageEncoder.encode(pixels, format: .png, quality: nil, metadata: nil, cancelled: CancelFlag())
        let cases: [([String], ImageInfo)] = [
            (["--irot", "1"], ImageInfo(format: .avif, size: size, orientation: .rotated270, colorProfile: "sRGB")),
            (["--irot", "3"], ImageInfo(format: .avif, size: size, orientation: .rotated90, colorProfile: "sRGB")),
            (
                ["--imir", "0"],
                ImageInfo(format: .avif, size: size, orientation: .mirroredRotated180, colorProfile: "sRGB")
            ),
            (["--imir", "1"], ImageInfo(format: .avif, size: size, orientation: .mirrored, colorProfile: "sRGB")),
            (["-d", "10"], ImageInfo(format: .avif, size: size, colorProfile: "sRGB")),
            (["-d", "12", "-y", "444"], ImageInfo(format: .avif, size: size, colorProfile: "sRGB")),
            (["--cicp", "12/13/1"], ImageInfo(format: .avif, size: size, colorProfile: "Display P3")),
            (
                ["--crop", "10,20,30,16"],
                ImageInfo(format: .avif, size: PixelSize(width: 30, height: 16), colorProfile: "sRGB")
            ),
        ]
        let source = try Picture(decoding: plain)
        for (arguments, expected) in cases {
            let options = ["-j", "1", "-s", "9", "--min", "0", "--max", "4"] + arguments
            let file = try #require(
                try Oracle.convert("avifenc", options, input: plain, from: "png", to: "avif"), "\(arguments)")
            #expect(try readHeader(file) == expected, "\(arguments)")
            let stored = try Picture(decoding: file)
            #expect(stored.width == expected.size.width && stored.height == expected.size.height)
            if expected.size == size {
                #expect(try #require(stored.meanDifference(to: source)) < 3, "\(arguments)")
            } else {
                #expect(abs(Int(stored[0, 0].first ?? 0) - Int(source[10, 20].first ?? 255)) < 12)
            }
            let converted = try Picture(decoding: file, colors: .sRGB)
            #expect((converted == stored) == (expected.colorProfile == "sRGB"), "\(arguments)")
        }
    }

    @Test func aPictureTooLargeForAVIFBecomesWebP() throws {
        let limit = ImageEncoder.maximumAVIFPixels
        #expect(ImageEncoder.format(for: .avif, size: PixelSize(width: limit, height: 1)) == .avif)
        #expect(ImageEncoder.format(for: .avif, size: PixelSize(width: 2_500, height: 1_601)) == .webp)
        #expect(ImageEncoder.format(for: .avif, size: PixelSize(width: 2_500, height: 1_600)) == .avif)
        #expect(ImageEncoder.format(for: .png, size: PixelSize(width: 9_000, height: 9_000)) == .png)
    }

    /// If the fields have no bytes, 65,535 extents cost nothing, for each of thousands of items, in each of thousands
    /// of tables. A small file blocked the check at upload for minutes.
    @Test func extentsWithoutBytesCostNoTime() throws {
        let items: [UInt8] = (0..<4_096).flatMap { (id: Int) -> [UInt8] in
            [UInt8(id >> 8), UInt8(id & 255), 0, 0, 255, 255]
        }
        let table = AVIFFile.full("iloc", [0, 0, 0x10, 0] + items)
        let tables = [UInt8]([[UInt8]](repeating: table, count: 40).joined())
        let file = AVIFFile.header(width: 64, height: 48, beside: tables)
        var info: ImageInfo?
        let time = try ContinuousClock().measure { info = try readHeader(file) }
        #expect(info?.size == PixelSize(width: 64, height: 48))
        #expect(time < .seconds(5))
    }

    /// An item with several extents is skipped, and the next item is found. A second table does not count.
    @Test func anItemOfSeveralExtentsHidesNoOther() throws {
        let pieces: [UInt8] =
            [0, 1, 0, 0, 0, 2] + PNGFile.long(1) + PNGFile.long(2) + PNGFile.long(3) + PNGFile.long(4)
        let whole: [UInt8] = [0, 2, 0, 0, 0, 1] + PNGFile.long(8) + PNGFile.long(5)
        let first = AVIFFile.full("iloc", [0x44, 0, 0, 2] + pieces + whole)
        let second = AVIFFile.full("iloc", [0x44, 0, 0, 1, 0, 3, 0, 0, 0, 1] + PNGFile.long(0) + PNGFile.long(1))
        let file = AVIFFile.header(width: 64, height: 48, beside: first + second)
        let meta = try #require(
            AVIFBox.children(file.span.bytes, in: 0..<file.count).first { $0.name == AVIFBox.metadata })
        #expect(try AVIFItems.read(file.span.bytes, meta: meta)?.locations == [2: 8..<13])
        // If the extents of a table reach beyond its end, the rest is not read.
        let short = AVIFFile.full("iloc", [0x44, 0, 0, 2, 0, 1, 0, 0, 255, 255] + whole)
        let cut = AVIFFile.header(width: 64, height: 48, beside: short)
        let cutMeta = try #require(
            AVIFBox.children(cut.span.bytes, in: 0..<cut.count).first { $0.name == AVIFBox.metadata })
        #expect(try AVIFItems.read(cut.span.bytes, meta: cutMeta)?.locations == [:])
    }

    /// av1C stated ten bits, but the data have eight. The conversion was set up for sixteen bits and did not run.
    @Test(.enabled(if: Oracle.has("avifenc", corpus: false)))
    func anOverstatedDepthDoesNotChangeColours() throws {
        let pixels = try TestImages.pixels(width: 60, height: 40, layout: .rgb8)
        let plain = try ImageEncoder.encode(pixels, format: .png, quality: nil, metadata: nil, cancelled: CancelFlag())
        let options = ["-j", "1", "-s", "9", "--cicp", "12/13/1"]
        var file = try #require(try Oracle.convert("avifenc", options, input: plain, from: "png", to: "avif"))
        let honest = try Picture(decoding: file, colors: .sRGB)
        func place(_ name: String) throws -> Int {
            try #require((0..<file.count - 16).first { file[$0..<$0 + 4].elementsEqual(Array(name.utf8)) })
        }
        try file[place("av1C") + 6] |= 0x40
        // libavif compares these two values with each other, but not with the data.
        let depths = try place("pixi") + 9
        file.replaceSubrange(depths..<depths + 3, with: [10, 10, 10])
        #expect(try Picture(decoding: file, colors: .sRGB) == honest)
        #expect(try Picture(decoding: file) != honest)
    }

    /// The boxes state another size than the AV1 data. libavif may use no more memory than the header states.
    @Test func aWrongStatedSizeIsRejected() throws {
        var file = try TestImages.file(.avif, width: 64, height: 48)
        let at = try #require((0..<file.count - 16).first { file[$0..<$0 + 4].elementsEqual(Array("ispe".utf8)) })
        file.replaceSubrange(at + 8..<at + 16, with: PNGFile.long(32) + PNGFile.long(48))
        #expect(try readHeader(file).size == PixelSize(width: 32, height: 48))
        #expect(throws: CodecError.self) { _ = try Picture(decoding: file) }
        // Layered pictures state a larger size, and libavif scales them up.
        file.replaceSubrange(at + 8..<at + 16, with: PNGFile.long(640) + PNGFile.long(480))
        #expect(try Picture(decoding: file).width == 640)
        #expect(throws: CodecError.self) { _ = try readHeader(file, limits: CodecLimits(maximumPixels: 640 * 480 - 1)) }
    }
}
