import ImageModel
import Testing

@testable import ImageCodecs

/// Embedded profiles, and CMYK without a profile.
@Suite struct ColorTests {
    /// A matrix profile (ICC.1:2001-04, 6.3.1.2) with the primaries of sRGB in the given order and a gamma of 2.2.
    private static func profile(_ order: [Int], space: String = "RGB ", name: String = "Swapped") -> [UInt8] {
        // The primaries of sRGB adapted to D50, as s15Fixed16.
        let primaries = [[0x6FA2, 0x38F5, 0x0390], [0x6299, 0xB785, 0x18DA], [0x24A0, 0x0F84, 0xB6CF]]
        func xyz(_ values: [Int]) -> [UInt8] { Array("XYZ ".utf8) + PNGFile.long(0) + values.flatMap(PNGFile.long) }
        let curve = Array("curv".utf8) + PNGFile.long(0) + PNGFile.long(1) + [2, 0x33, 0, 0]
        let text = Array(name.utf8) + [0]
        var description = Array("desc".utf8) + PNGFile.long(0) + PNGFile.long(text.count) + text
        description += [UInt8](repeating: 0, count: 78)
        while description.count % 4 != 0 { description.append(0) }
        var tags: [(String, [UInt8])] = [("desc", description), ("wtpt", xyz([0xF6D6, 0x10000, 0xD32D]))]
        if space == "GRAY" {
            tags.append(("kTRC", curve))
        } else {
            for (index, letter) in ["r", "g", "b"].enumerated() {
                tags.append((letter + "XYZ", xyz(primaries[order[index]])))
                tags.append((letter + "TRC", curve))
            }
        }
        var table = PNGFile.long(tags.count)
        var data: [UInt8] = []
        for (tag, content) in tags {
            table += Array(tag.utf8) + PNGFile.long(132 + 12 * tags.count + data.count) + PNGFile.long(content.count)
            data += content
        }
        let size = 128 + table.count + data.count
        var header = PNGFile.long(size) + Array("test".utf8) + [2, 0x10, 0, 0] + Array("mntr\(space)XYZ ".utf8)
        header += [UInt8](repeating: 0, count: 12) + Array("acsp".utf8) + [UInt8](repeating: 0, count: 28)
        header += [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]
        header += [UInt8](repeating: 0, count: 128 - header.count)
        return header + table + data
    }

    private static func jpeg(_ file: [UInt8], profile: [UInt8]) -> [UInt8] {
        TestImages.jpeg(file, inserting: TestImages.segment(0xE2, ICCProfile.jpegSignature + [1, 1] + profile))
    }

    @Test func aProfileIsAppliedInEveryFormat() throws {
        // Red and green are exchanged, whatever the curve does to the tones.
        let profile = Self.profile([1, 0, 2])
        for format in ImageFormat.allCases where format != .avif {
            let pixels = try TestImages.pixels(width: 32, height: 16, layout: .rgb8)
            let plain: [UInt8]
            let tagged: [UInt8]
            switch format {
            case .jpeg:
                plain = try ImageEncoder.encode(
                    pixels, format: .jpeg, quality: 100, metadata: nil, cancelled: CancelFlag())
                tagged = Self.jpeg(plain, profile: profile)
            case .png:
                // libpng checks the profile, and accepts this one.
                plain = PNGFile(width: 32, height: 16, depth: 8, colorType: 2).bytes { x, y, channel in
                    channel == 0 ? x * 8 : channel == 1 ? y * 15 : 90
                }
                let chunk = PNGFile.chunk("iCCP", [0x61, 0, 0] + PNGFile.zlib(profile))
                tagged = Array(plain[..<33]) + chunk + plain[33...]
            case .avif:
                continue
            case .webp:
                let simple = try ImageEncoder.encodeWebP(pixels, quality: 75, isLossless: true, cancelled: CancelFlag())
                tagged = try WebPContainer.rebuild(
                    simple.span.bytes, size: PixelSize(width: 32, height: 16), profile: profile)
                plain = simple
            }
            #expect(try readHeader(tagged).colorProfile == "Swapped")
            let stored = try Picture(decoding: tagged)
            #expect(try stored == Picture(decoding: plain))
            var expected = stored
            for index in stride(from: 0, to: stored.samples.count, by: 3) { expected.samples.swapAt(index, index + 1) }
            let converted = try Picture(decoding: tagged, colors: .sRGB)
            #expect(try #require(converted.meanDifference(to: expected)) < 4, "\(format)")
            #expect(try #require(converted.meanDifference(to: stored)) > 20, "\(format)")
        }
    }

    @Test func aProfileThatDoesNotFitIsIgnored() throws {
        let file = try TestImages.file(.jpeg, width: 16, height: 16)
        for profile in [Self.profile([0, 1, 2], space: "CMYK"), [UInt8](repeating: 5, count: 300), [1, 2, 3]] {
            let tagged = Self.jpeg(file, profile: profile)
            #expect(try Picture(decoding: tagged, colors: .sRGB) == Picture(decoding: file))
        }
    }

    @Test func greyKeepsOneChannel() throws {
        let file = try TestImages.file(.jpeg, width: 16, height: 16, layout: .gray8)
        let tagged = Self.jpeg(file, profile: Self.profile([], space: "GRAY"))
        let stored = try Picture(decoding: file)
        let converted = try Picture(decoding: tagged, colors: .sRGB)
        #expect(converted.channels == 1)
        // Gamma 2.2 is close to the curve of sRGB.
        #expect(try #require(converted.maximumDifference(to: stored)) <= 8)
    }

    /// A grey profile on a colour picture was once applied to each channel separately.
    @Test func aGreyProfileIsAppliedToGreyOnly() throws {
        let size = PixelSize(width: 16, height: 16)
        let grey = Self.profile([], space: "GRAY")
        let colored = try TestImages.file(.jpeg, width: 16, height: 16)
        #expect(
            try Picture(decoding: Self.jpeg(colored, profile: grey), colors: .sRGB) == Picture(decoding: colored))
        let webp = try TestImages.file(.webp, width: 16, height: 16)
        let tagged = try WebPContainer.rebuild(webp.span.bytes, size: size, profile: grey)
        #expect(try Picture(decoding: tagged, colors: .sRGB) == Picture(decoding: webp))
        // A grey PNG with alpha is decoded as RGBA, and its profile counts.
        let file = PNGFile(
            width: 4, height: 4, depth: 8, colorType: 4,
            before: [("iCCP", [0x61, 0, 0] + PNGFile.zlib(grey))]
        ).bytes { x, y, channel in channel == 1 ? 255 : 40 + x * 10 + y }
        #expect(try Picture(decoding: file, colors: .sRGB) != Picture(decoding: file))
    }

    @Test func cmykWithoutAProfile() throws {
        for (ink, rgb) in [
            ([0, 0, 0, 0], [255, 255, 255]), ([255, 0, 0, 0], [0, 255, 255]), ([0, 255, 255, 0], [255, 0, 0]),
            ([0, 0, 0, 255], [0, 0, 0]), ([128, 0, 0, 128], [63, 127, 127]),
        ] as [([Int], [UInt8])] {
            for adobe in [false, true] {
                // Stored inverted, with an Adobe marker and without one. An earlier version of this test expected the
                // opposite without a marker, and such files came out as negatives.
                let file = FlatJPEG.file(ink.map { 255 - $0 }, adobe: adobe)
                try checkStructure(file, .jpeg)
                let picture = try Picture(decoding: file)
                #expect(picture.channels == 3 && picture.width == 8)
                let difference = zip(picture[3, 3], rgb).map { abs(Int($0) - Int($1)) }.max()
                #expect(try #require(difference) <= 2, "\(ink) \(adobe)")
                let rotated = try ImageTransform.apply(
                    .rotated90, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
                #expect(rotated.isLossless)
                #expect(try Picture(decoding: rotated.bytes) == picture)
            }
        }
    }

    @Test(.enabled(if: Oracle.corpus != nil))
    func cmykWithAProfile() throws {
        let profile = try Oracle.file("libjpeg-turbo/test1.icc")
        // A segment holds 64 KiB, so the profile is split.
        let size = 65_000
        let count = (profile.count + size - 1) / size
        let parts = (0..<count).flatMap { index in
            TestImages.segment(
                0xE2,
                ICCProfile.jpegSignature + [UInt8(index + 1), UInt8(count)]
                    + profile.dropFirst(index * size).prefix(size))
        }
        for (ink, isLight) in [([0, 0, 0, 0], true), ([255, 255, 255, 255], false)] {
            let inverted = TestImages.jpeg(FlatJPEG.file(ink.map { 255 - $0 }, adobe: true), inserting: parts)
            let plain = TestImages.jpeg(FlatJPEG.file(ink.map { 255 - $0 }, adobe: false), inserting: parts)
            #expect(try readHeader(plain).colorProfile == "Test profile, not suitable for real use")
            for file in [inverted, plain] {
                let pixel = try Picture(decoding: file, colors: .sRGB)[2, 2]
                #expect(pixel.allSatisfy { isLight ? $0 > 250 : $0 < 40 }, "\(pixel)")
            }
        }
    }
}
