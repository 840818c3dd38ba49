import ImageModel
import Testing

@testable import ImageCodecs

/// Rotating stored PNG and WebP files.
@Suite struct PNGTransformTests {
    /// If the rotation of a thumbnail was cancelled, the code treated it as a thumbnail that cannot be rotated, and
    /// stored the file without it.
    @Test(arguments: [ImageFormat.png, .webp]) func aCancelledTransformReturnsNoFile(format: ImageFormat) throws {
        let plain = try TestImages.file(format, width: 40, height: 30)
        let exif = TestImages.exif(orientation: 8, thumbnail: try TestImages.file(.jpeg, width: 16, height: 16))
        let file =
            format == .png
            ? Array(plain.prefix(33)) + PNGFile.chunk("eXIf", exif) + Array(plain.dropFirst(33))
            : try WebPContainer.rebuild(plain.span.bytes, size: PixelSize(width: 40, height: 30), exif: exif)
        let cancelled = CancelFlag()
        cancelled.cancel()
        // Orientation 8 and a quarter rotation give upright, so only the metadata are rewritten.
        #expect(throws: CodecError.cancelled) {
            _ = try ImageTransform.apply(
                .rotated90, to: file.span.bytes, limits: CodecLimits(), cancelled: cancelled)
        }
    }

    @Test func theLargestThumbnailIsRotated() throws {
        for (height, isRotated) in [(480, true), (481, false)] {
            let thumbnail = try TestImages.file(.jpeg, width: 640, height: height)
            let rotated = Thumbnail.rotated(
                thumbnail, by: .rotated90, limits: CodecLimits(), cancelled: CancelFlag())
            #expect((rotated != nil) == isRotated)
        }
    }

    /// Every colour type with every depth that it allows (PNG, table 12).
    private static let kinds: [(colorType: UInt8, depth: Int)] = [
        (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
        (6, 8), (6, 16),
    ]

    private static func rotate(_ file: [UInt8], _ change: Orientation) throws -> TransformedImage {
        try ImageTransform.apply(change, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
    }

    private static func sample(_ x: Int, _ y: Int, _ channel: Int) -> Int {
        var mix = SplitMix(seed: UInt64(x * 1_000_003 + y * 10_007 + channel))
        return Int(mix.next() & 0xFFFF)
    }

    @Test(arguments: Orientation.allCases, 0..<15)
    func everyKindOfPNGIsRotatedWithoutLoss(change: Orientation, kind: Int) throws {
        let (colorType, depth) = Self.kinds[kind]
        var file = PNGFile(width: 13, height: 7, depth: depth, colorType: colorType)
        let palette = (0..<3 << depth).map { UInt8(truncatingIfNeeded: $0 * 37) }
        if colorType == 3 { file.before = [("PLTE", palette), ("tRNS", [1, 200])] }
        if colorType == 0 { file.before = [("tRNS", [0, 1])] }
        file.before.append(("pHYs", PNGFile.long(100) + PNGFile.long(200) + [1]))
        file.before.append(("tEXt", Array("Comment\0kept".utf8)))
        file.after = [("prVt", [1, 2, 3])]
        let rotated = try Self.rotate(file.bytes(Self.sample), change)
        #expect(rotated.isLossless)
        try checkStructure(rotated.bytes, .png)

        // Compares the rotated file with a file whose samples were rotated before writing. libpng decodes the same
        // pixels from both.
        let swaps = change.swapsAxes
        var expected = file
        (expected.width, expected.height) = swaps ? (7, 13) : (13, 7)
        let before = try Picture(decoding: file.bytes(Self.sample)).seen(as: change)
        #expect(try Picture(decoding: rotated.bytes) == before)
        // Depth and colour type are unchanged.
        #expect(rotated.bytes[24] == UInt8(depth) && rotated.bytes[25] == colorType)
        #expect(contains(rotated.bytes, PNGFile.chunk("tEXt", Array("Comment\0kept".utf8))))
        #expect(contains(rotated.bytes, PNGFile.chunk("prVt", [1, 2, 3])))
        let density = PNGFile.long(swaps ? 200 : 100) + PNGFile.long(swaps ? 100 : 200) + [1]
        #expect(contains(rotated.bytes, PNGFile.chunk("pHYs", density)))
        if colorType == 3 { #expect(contains(rotated.bytes, PNGFile.chunk("PLTE", palette))) }
    }

    @Test func theOrientationOfAPNGIsNormalised() throws {
        var file = PNGFile(width: 9, height: 5, depth: 8, colorType: 2)
        let plain = file.bytes(Self.sample)
        file.before = [("eXIf", TestImages.exif(orientation: 6, width: 9, height: 5))]
        let bytes = file.bytes(Self.sample)
        #expect(try readHeader(bytes).orientation == .rotated90)

        let rotated = try Self.rotate(bytes, .rotated180)
        #expect(rotated.info.orientation == .upright)
        #expect(try Picture(decoding: rotated.bytes) == Picture(decoding: plain).seen(as: .rotated270))
        #expect(contains(rotated.bytes, PNGFile.chunk("eXIf", TestImages.exif(orientation: 1, width: 5, height: 9))))

        let retagged = try Self.rotate(bytes, .rotated270)
        file.before = [("eXIf", TestImages.exif(orientation: 1, width: 9, height: 5))]
        #expect(retagged.bytes == file.bytes(Self.sample))
    }

    /// An eXIf after the image data once counted as the orientation, but browsers and libvips show such a picture as it
    /// is stored. After a rotation, exiftool must not find an orientation there.
    @Test func exifBehindTheImageDataDoesNotOrient() throws {
        var file = PNGFile(width: 9, height: 5, depth: 8, colorType: 2)
        let plain = file.bytes(Self.sample)
        file.after = [("eXIf", TestImages.exif(orientation: 6, width: 9, height: 5))]
        let bytes = file.bytes(Self.sample)
        #expect(try readHeader(bytes).orientation == .upright)
        #expect(try checkStructure(bytes, .png, step: 7).lateOrientation == nil)
        let rotated = try Self.rotate(bytes, .rotated180)
        #expect(try Picture(decoding: rotated.bytes) == Picture(decoding: plain).seen(as: .rotated180))
        #expect(contains(rotated.bytes, PNGFile.chunk("eXIf", TestImages.exif(orientation: 1, width: 9, height: 5))))
        // It does not move to a position where it would count either.
        let all = try MetadataPolicy.dropAll.apply(to: bytes.span.bytes, info: readHeader(bytes), limits: CodecLimits())
        #expect(all == plain)
    }

    @Test func animationsAreRejected() throws {
        var file = PNGFile(width: 9, height: 5, depth: 8, colorType: 2)
        file.before = [("acTL", PNGFile.long(3) + PNGFile.long(0))]
        let bytes = file.bytes(Self.sample)
        #expect(try readHeader(bytes).frames == 3)
        #expect(throws: CodecError.unsupported("this PNG is an animation")) { _ = try Self.rotate(bytes, .rotated90) }
        #expect(throws: CodecError.unsupported("this PNG is an animation")) { _ = try Picture(decoding: bytes) }
    }

    @Test(.enabled(if: Oracle.corpus != nil))
    func everyFileOfTheSuiteIsRotatedWithoutLoss() throws {
        for (name, bytes) in try Oracle.files("pngsuite", "png") where !name.hasPrefix("x") {
            let stored = try readHeader(bytes).orientation
            let rotated = try Self.rotate(bytes, .rotated90)
            let expected = try Picture(decoding: bytes).seen(as: stored).seen(as: .rotated90)
            #expect(try Picture(decoding: rotated.bytes) == expected, "\(name)")
            try checkStructure(rotated.bytes, .png)
        }
    }

    private func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        (0...max(0, bytes.count - wanted.count)).contains { bytes[$0...].starts(with: wanted) }
    }
}
