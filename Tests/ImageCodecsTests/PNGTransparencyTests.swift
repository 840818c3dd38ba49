import ImageModel
import Testing

@testable import ImageCodecs

/// A tRNS before the PLTE of an RGB picture: libpng removes the transparency when the PLTE comes, but does not clear
/// its flag. Renditions of such files were 500.
@Suite("PNG with a tRNS before its PLTE")
struct PNGTransparencyTests {
    private static let palette = [UInt8](repeating: 7, count: 6)

    private static func file(_ depth: Int, _ chunks: [(name: String, data: [UInt8])]) -> PNGFile {
        PNGFile(width: 4, height: 2, depth: depth, colorType: 2, before: chunks)
    }

    private static func key(_ value: Int, _ depth: Int) -> [UInt8] {
        let sample = depth == 16 ? value * 257 : value
        return (0..<3).flatMap { _ in [UInt8(sample >> 8), UInt8(sample & 255)] }
    }

    @Test(arguments: [8, 16], [true, false])
    func decoded(depth: Int, isAnimated: Bool) throws {
        var chunks = [("tRNS", Self.key(30, depth)), ("PLTE", Self.palette)]
        if isAnimated {
            let control = PNGFile.long(0) + PNGFile.long(4) + PNGFile.long(2) + PNGFile.long(0) + PNGFile.long(0)
            chunks = [("acTL", PNGFile.long(1) + PNGFile.long(0))] + chunks + [("fcTL", control + [0, 1, 0, 10, 0, 0])]
        }
        // A gamma chunk makes the decoder convert 16-bit samples as deep colours.
        chunks.insert(("gAMA", PNGFile.long(100_000)), at: 0)
        let file = Self.file(depth, chunks).bytes { x, _, _ in (x == 1 ? 30 : 100) * (depth == 16 ? 257 : 1) }
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        #expect(!info.hasAlpha)
        let picture = try Picture(
            ImageDecoder.firstFrame(file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag()))
        #expect(picture.channels == (isAnimated ? 4 : 3))
        if isAnimated { #expect(Array(picture[1, 0])[3] == 255) }
    }

    /// A picture of one pixel in seven passes. The first pass holds the pixel, so the data are the same as without
    /// interlacing.
    @Test(arguments: [8, 16])
    func interlaced(depth: Int) throws {
        var file = PNGFile(
            width: 1, height: 1, depth: depth, colorType: 2,
            before: [("tRNS", Self.key(30, depth)), ("PLTE", Self.palette)]
        ).bytes { _, _, _ in 30 }
        let header = PNGFile.chunk("IHDR", PNGFile.long(1) + PNGFile.long(1) + [UInt8(depth), 2, 0, 0, 1])
        file.replaceSubrange(8..<8 + header.count, with: header)
        #expect(try Picture(decoding: file, colors: .sRGB).channels == 3)
    }

    @Test("A tRNS in the right position makes the picture transparent", arguments: [8, 16])
    func control(depth: Int) throws {
        let file = Self.file(depth, [("PLTE", Self.palette), ("tRNS", Self.key(30, depth))])
            .bytes { x, _, _ in (x == 1 ? 30 : 100) * (depth == 16 ? 257 : 1) }
        #expect(try ImageHeader.read(file.span.bytes, limits: CodecLimits()).hasAlpha)
        #expect(try Array(Picture(decoding: file)[1, 0])[3] == 0)
    }
}

extension PNGColorTests {
    /// libpng rejects an iCCP after an sRGB. By the PNG specification the iCCP counts, whichever comes first.
    @Test func aProfileIsPreferredToSRGBInEitherOrder() throws {
        let profile = ICCFile.displayP3()
        let stored = [("iCCP", [0x61, 0, 0] + PNGFile.zlib(profile))]
        let others: [[(name: String, data: [UInt8])]] = [
            [("sRGB", [0])], [("sRGB", [0]), ("gAMA", PNGFile.long(45_455))],
            [("gAMA", PNGFile.long(100_000)), ("sRGB", [0])],
        ]
        func picture(_ chunks: [(name: String, data: [UInt8])]) throws -> Picture {
            let file = PNGFile(width: 16, height: 1, depth: 8, colorType: 2, before: chunks)
                .bytes { x, _, channel in channel == 0 ? 200 : x * 15 }
            return try Picture(decoding: file, colors: .sRGB)
        }
        let expected = try picture(stored)
        #expect(try expected != picture([]))
        for chunks in others {
            #expect(try picture(chunks + stored) == expected)
            #expect(try picture(stored + chunks) == expected)
            #expect(try picture(chunks) == picture([]))
        }
    }
}
