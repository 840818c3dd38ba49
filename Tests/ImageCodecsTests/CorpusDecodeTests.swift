import Foundation
import ImageCodecs
import ImageModel
import Testing

/// Decoded pixels compared with reference programs, on files from other sources.
@Suite struct CorpusDecodeTests {
    @Test(.enabled(if: Oracle.has("pngtopnm")))
    func everyGoodPNGEqualsPngtopnm() throws {
        let good = try Oracle.files("pngsuite", "png").filter { !$0.name.hasPrefix("x") && $0.name != "PngSuite.png" }
        #expect(good.count >= 161)
        for (name, bytes) in good {
            let picture = try Picture(decoding: bytes)
            let colors = try #require(
                try Oracle.run("pngtopnm", input: bytes).flatMap(Picture.init(netpbm:)), "\(name)")
            let alpha = try #require(
                try transparentColor(bytes).map { Self.alpha(of: colors.rgb, transparent: $0) }
                    ?? Oracle.run("pngtopnm", ["-alpha"], input: bytes).flatMap(Picture.init(netpbm:)), "\(name)")
            let difference = try #require(picture.rgb.maximumDifference(to: colors.rgb), "\(name)")
            #expect(difference <= 1, "\(name)")
            #expect(try #require(picture.alpha.maximumDifference(to: alpha), "\(name)") <= 1, "\(name)")
        }
    }

    /// The transparent colour of a PNG of colour type 2, rounded to 8 bits; nil if it has none. netpbm 11.1 ignores it,
    /// so the test computes alpha itself.
    private func transparentColor(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes[25] == 2,
            let at = (8..<bytes.count - 14).first(where: { bytes[$0...].starts(with: Array("tRNS".utf8)) })
        else { return nil }
        return (0..<3).map { bytes[24] == 16 ? bytes[at + 4 + 2 * $0] : bytes[at + 5 + 2 * $0] }
    }

    private static func alpha(of colors: Picture, transparent: [UInt8]) -> Picture {
        let samples = (0..<colors.width * colors.height).map { index -> UInt8 in
            colors.samples[index * 3..<index * 3 + 3].elementsEqual(transparent) ? 0 : 255
        }
        return Picture(width: colors.width, height: colors.height, channels: 1, samples: samples)
    }

    @Test(.enabled(if: Oracle.corpus != nil))
    func everyBrokenPNGIsRejected() throws {
        let broken = try Oracle.files("pngsuite", "png").filter { $0.name.hasPrefix("x") }
        #expect(broken.count == 14)
        for (name, bytes) in broken {
            #expect(throws: CodecError.self, "\(name)") {
                guard let format = ImageFormat.detect(bytes.span.bytes) else { throw CodecError.notAnImage }
                try checkStructure(bytes, format)
                _ = try readHeader(bytes)
            }
        }
    }

    @Test(.enabled(if: Oracle.has("djpeg")), arguments: [1, 2, 4, 8])
    func everyJPEGEqualsDjpeg(scale: Int) throws {
        var files = try Oracle.files("libjpeg-turbo", "jpg").filter { $0.name != "monkey12.jpg" }
        if scale == 2 { files += try Oracle.files("exif-orientation", "jpg").prefix(2) }
        #expect(files.count >= 3)
        for (name, bytes) in files {
            let expected = try #require(
                try Oracle.run("djpeg", ["-pnm", "-scale", "1/\(scale)"], input: bytes).flatMap(Picture.init(netpbm:)),
                "\(name)")
            #expect(try Picture(decoding: bytes, scale: scale) == expected, "\(name)")
        }
    }

    @Test(.enabled(if: Oracle.corpus != nil))
    func aTwelveBitJPEGIsStoredButNotDecodedOrRotated() throws {
        let bytes = try Oracle.file("libjpeg-turbo/monkey12.jpg")
        let info = try readHeader(bytes)
        #expect(info.size == PixelSize(width: 149, height: 227) || info.size.pixels > 0)
        try checkStructure(bytes, .jpeg)
        #expect(throws: CodecError.unsupported("this kind of JPEG can be stored, but not decoded")) {
            _ = try Picture(decoding: bytes)
        }
        #expect(throws: CodecError.unsupported("this kind of JPEG can be stored, but not rotated")) {
            _ = try ImageTransform.apply(
                .rotated90, to: bytes.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
        }
    }

    @Test(.enabled(if: Oracle.has("dwebp")))
    func everyWebPEqualsDwebp() throws {
        let files = try Oracle.files("libwebp-test-data", "webp")
        #expect(files.count == 130)
        for (name, bytes) in files {
            try checkStructure(bytes, .webp)
            let picture = try Picture(decoding: bytes)
            let colors = try #require(
                try Oracle.run("dwebp", ["-quiet", "-ppm", "{in}", "-o", "-"], input: bytes)
                    .flatMap(Picture.init(netpbm:)), "\(name)")
            #expect(picture.rgb == colors, "\(name)")
        }
    }

    @Test(.enabled(if: Oracle.corpus != nil))
    func everyGoodFilePassesTheStructureCheck() throws {
        var count = 0
        for (folder, format) in [
            ("pngsuite", ImageFormat.png), ("libwebp-test-data", .webp), ("libjpeg-turbo", .jpeg),
            ("exif-orientation", .jpeg),
        ] {
            let ext = format == .jpeg ? "jpg" : format.rawValue
            for (name, bytes) in try Oracle.files(folder, ext) where format != .png || !name.hasPrefix("x") {
                #expect(ImageFormat.detect(bytes.span.bytes) == format, "\(name)")
                let summary = try checkStructure(bytes, format)
                #expect(summary.imageEnd + summary.trailingBytes == bytes.count, "\(name)")
                let whole = try readHeader(bytes)
                let first = try ImageHeader.read(
                    Array(bytes.prefix(try headerEnd(bytes, format))).span.bytes, limits: CodecLimits())
                #expect(first.size == whole.size && first.hasAlpha == whole.hasAlpha, "\(name)")
                count += 1
            }
        }
        #expect(count > 300)
    }

    @Test(.enabled(if: Oracle.corpus != nil), arguments: ["Landscape", "Portrait"])
    func allOrientationsShowOnePicture(set: String) throws {
        var reference: Picture?
        for number in 0...8 {
            let bytes = try Oracle.file("exif-orientation/\(set)_\(number).jpg")
            let info = try readHeader(bytes)
            #expect(info.orientation.rawValue == max(1, number))
            let picture = try Picture(decoding: bytes, scale: 8).seen(as: info.orientation)
            if let reference {
                let difference = try #require(picture.meanDifference(to: reference))
                #expect(difference < 3, "\(set)_\(number)")
            } else {
                reference = picture
            }
        }
    }
}
