import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// The colour chunks of PNG: gAMA, cHRM, sRGB, cICP, and samples of 16 bits.
@Suite struct PNGColorTests {
    /// PngSuite has pictures of one motif in six gammas. They look alike after the gamma is applied. Each has its
    /// number as a label, so the test uses a percentile.
    @Test(.enabled(if: Oracle.corpus != nil), arguments: ["0g16", "2c08", "3p04"])
    func theSamePictureInAnyGammaLooksTheSame(kind: String) throws {
        let names = ["03", "04", "05", "07", "10", "25"]
        let pictures = try names.map { name in
            try Picture(decoding: Oracle.file("pngsuite/g\(name)n\(kind).png"), colors: .sRGB)
        }
        let reference = pictures[2]
        for (name, picture) in zip(names, pictures) {
            let differences = zip(picture.samples, reference.samples).map { abs(Int($0) - Int($1)) }.sorted()
            let percentile = differences[differences.count * 9 / 10]
            #expect(percentile <= 3, "g\(name)n\(kind): \(percentile)")
        }
    }

    private static func row(_ chunks: [(name: String, data: [UInt8])], depth: Int = 8, colorType: UInt8 = 2) -> [UInt8]
    {
        var png = PNGFile(width: 16, height: 1, depth: depth, colorType: colorType)
        png.before = chunks
        return png.bytes { x, _, channel in depth == 16 ? x * 257 + 3 : channel == 3 ? 100 : x * 17 }
    }

    @Test func sRGBAndItsGammaAreNotConverted() throws {
        let plain = try Picture(decoding: Self.row([]), colors: .sRGB)
        let cases: [[(name: String, data: [UInt8])]] = [
            [("gAMA", PNGFile.long(45_455))], [("sRGB", [0])], [("sRGB", [0]), ("gAMA", PNGFile.long(45_455))],
            [("cICP", [1, 13, 0, 1])], [("cHRM", Self.chromaticities(.sRGB)), ("gAMA", PNGFile.long(45_455))],
        ]
        for chunks in cases {
            let file = Self.row(chunks)
            #expect(try Picture(decoding: file, colors: .sRGB) == plain)
            #expect(try readHeader(file).colorProfile == "sRGB")
        }
    }

    private static func chromaticities(_ primaries: ColorPrimaries) -> [UInt8] {
        var bytes: [UInt8] = []
        for color in [primaries.white, primaries.red, primaries.green, primaries.blue] {
            bytes += PNGFile.long(Int((color.x * 100_000).rounded()))
            bytes += PNGFile.long(Int((color.y * 100_000).rounded()))
        }
        return bytes
    }

    /// The curve of IEC 61966-2-1: the encoded value of a linear value.
    private static func encoded(_ linear: Double) -> Double {
        linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055
    }

    @Test(arguments: [0, 2, 6] as [UInt8])
    func darkTonesOfSixteenBitLinearLightArePreserved(colorType: UInt8) throws {
        // Sixteen values within the darkest 1.5 % of light. With eight bits only four of them would remain.
        let file = Self.row([("gAMA", PNGFile.long(100_000))], depth: 16, colorType: colorType)
        let picture = try Picture(decoding: file, colors: .sRGB)
        for x in 0..<16 {
            let expected = Self.encoded(Double(x * 257 + 3) / 65_535) * 255
            let value = try #require(picture[x, 0].first)
            #expect(abs(Double(value) - expected) <= 2, "\(x): \(value), \(expected)")
        }
        #expect(Set((0..<16).map { picture[$0, 0].first }).count == 16)
        #expect(try readHeader(file).colorProfile == nil)
    }

    @Test func interlacedPicturesOfSixteenBitsAreTheSame() throws {
        guard Oracle.corpus != nil else { return }
        for kind in ["0g16", "2c16", "4a16", "6a16"] {
            let plain = try Oracle.file("pngsuite/basn\(kind).png")
            let interlaced = try Oracle.file("pngsuite/basi\(kind).png")
            #expect(try Picture(decoding: plain, colors: .sRGB) == Picture(decoding: interlaced, colors: .sRGB))
        }
    }

    @Test func wideColorsByNumbersAndByPrimaries() throws {
        // A pure red of Display P3 is outside sRGB. A dull red becomes more saturated.
        var png = PNGFile(width: 1, height: 1, depth: 8, colorType: 2)
        png.before = [("cICP", [12, 13, 0, 1])]
        let coded = png.bytes { _, _, channel in channel == 0 ? 160 : 100 }
        #expect(try readHeader(coded).colorProfile == "Display P3")
        let pixel = try Array(Picture(decoding: coded, colors: .sRGB)[0, 0])
        // By the matrix of CSS Color 4, from Display P3 to sRGB: (170.4, 96.4, 98.3).
        #expect(zip(pixel, [170, 96, 98]).allSatisfy { abs(Int($0) - $1) <= 1 }, "\(pixel)")
        png.before = [
            ("gAMA", PNGFile.long(45_455)),
            (
                "cHRM",
                Self.chromaticities(
                    ColorPrimaries(
                        red: SIMD2(0.68, 0.32), green: SIMD2(0.265, 0.69), blue: SIMD2(0.15, 0.06),
                        white: ColorPrimaries.d65))
            ),
        ]
        let stated = png.bytes { _, _, channel in channel == 0 ? 160 : 100 }
        let second = try Array(Picture(decoding: stated, colors: .sRGB)[0, 0])
        #expect(zip(second, pixel).allSatisfy { abs(Int($0) - Int($1)) <= 3 }, "\(second)")
    }

    @Test func whiteOfHighDynamicRangeStaysWhite() throws {
        // In PQ, 0.5807 is 203 cd/m2, which is diffuse white. In hybrid log-gamma, diffuse white is 0.75 (ITU-R
        // BT.2408, table 1).
        for (transfer, value) in [(UInt8(16), 38_056), (18, 49_151)] {
            var png = PNGFile(width: 1, height: 1, depth: 16, colorType: 2)
            png.before = [("cICP", [9, transfer, 0, 1])]
            let white = try Picture(decoding: png.bytes { _, _, _ in value }, colors: .sRGB)
            #expect(white.samples.allSatisfy { $0 >= 253 }, "\(white.samples)")
            let half = try Picture(decoding: png.bytes { _, _, _ in value / 2 }, colors: .sRGB)
            #expect(half.samples.allSatisfy { $0 < 200 && $0 > 20 }, "\(half.samples)")
        }
    }
}
