import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Compares converted colours with Little CMS, called through Pillow's ImageCms. The profiles are from other sources:
/// Debian's colord-data (Adobe RGB, ProPhoto), libgs-common (CMYK for web presses by SWOP) and libjpeg-turbo's tests.
/// Those of ``ICCFile`` are used too.
@Suite struct LittleCMSTests {
    /// The Python with Pillow that scripts/test installed; nil outside of scripts/test. A Python without Pillow fails
    /// the tests.
    private static let python = ProcessInfo.processInfo.environment["PYTHON"]

    /// Makes a picture of all colours and adds a profile. Writes the picture, and next to it the same picture in sRGB.
    private static let script = """
        import sys, io
        from PIL import Image, ImageCms
        profile, kind, target, reference = sys.argv[1:5]
        mode = 'CMYK' if kind.startswith('cmyk') else 'L' if kind.startswith('gray') else 'RGB'
        size = 96
        data = bytearray()
        for y in range(size):
            for x in range(size):
                r, g, b = x * 255 // 95, y * 255 // 95, ((x // 12) * 8 + y // 12) * 255 // 63
                data += bytes({'CMYK': (r, g, b, (x + y) % 96), 'RGB': (r, g, b), 'L': (r,)}[mode])
        icc = open(profile, 'rb').read()
        Image.frombytes(mode, (size, size), bytes(data)).save(target, icc_profile=icc, **(
            {'quality': 97, 'subsampling': 0} if target.endswith('.jpg') else {'lossless': True}
            if target.endswith('.webp') else {}))
        picture = Image.open(target)
        picture.load()
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION if mode == 'CMYK' else 0
        out = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile('sRGB'),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode='RGB', flags=flags)
        open(reference, 'wb').write(b'P6 %d %d 255\\n' % out.size + out.tobytes())
        """

    private struct Sample {
        var profile: [UInt8]
        var kind: String
        var ext: String
    }

    private static func profiles() -> [(String, [UInt8], String)] {
        var found: [(String, [UInt8], String)] = [
            ("Display P3", ICCFile.displayP3(), "rgb"), ("FOGRA39", ICCFile.fogra39(), "cmyk"),
        ]
        for (path, kind) in [
            ("/usr/share/color/icc/colord/AdobeRGB1998.icc", "rgb"),
            ("/usr/share/color/icc/colord/ProPhotoRGB.icc", "rgb"),
            ("/usr/share/color/icc/colord/WideGamutRGB.icc", "rgb"),
            ("/usr/share/color/icc/colord/SwappedRedAndGreen.icc", "rgb"),
            ("/usr/share/color/icc/ghostscript/default_cmyk.icc", "cmyk"),
            ("/usr/share/color/icc/ghostscript/ps_gray.icc", "gray"),
        ] {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            found.append((path, [UInt8](data), kind))
        }
        for name in ["test1.icc", "test3.icc"] {
            if let data = try? Oracle.file("libjpeg-turbo/\(name)"), data.count > 128 {
                let space = String(decoding: data[16..<20], as: UTF8.self)
                let kinds = ["CMYK": "cmyk", "RGB ": "rgb", "GRAY": "gray"]
                if let kind = kinds[space] { found.append((name, data, kind)) }
            }
        }
        return found
    }

    @Test(.enabled(if: LittleCMSTests.python != nil))
    func coloursOfEveryProfileEqualLittleCMS() throws {
        let python = try #require(Self.python)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cms-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let profiles = Self.profiles()
        for wanted in ["Display P3", "FOGRA39", "AdobeRGB1998", "ProPhotoRGB", "default_cmyk"] {
            try #require(profiles.contains { $0.0.contains(wanted) }, "\(wanted) is not installed")
        }
        for (name, profile, kind) in profiles {
            for ext in kind == "rgb" ? ["jpg", "png", "webp"] : kind == "gray" ? ["jpg", "png"] : ["jpg"] {
                let icc = folder.appendingPathComponent("profile.icc")
                let target = folder.appendingPathComponent("picture." + ext)
                let reference = folder.appendingPathComponent("reference.ppm")
                try Data(profile).write(to: icc)
                try Self.run(python, Self.script, [icc.path, kind, target.path, reference.path])
                let file = [UInt8](try Data(contentsOf: target))
                let expected = try #require(Picture(netpbm: [UInt8](try Data(contentsOf: reference))))
                let picture = try Picture(decoding: file, colors: .sRGB)
                let difference = try #require(DeltaE.mean(picture.rgb, expected), "\(name) \(ext)")
                #expect(difference < 1, "\(name) \(ext): \(difference)")
                // The profile matters: without it the picture would look different.
                if name != "/usr/share/color/icc/ghostscript/ps_gray.icc" {
                    let stored = try Picture(decoding: file)
                    #expect(try #require(DeltaE.mean(stored.rgb, expected)) > 1, "\(name) \(ext)")
                }
            }
        }
    }

    /// An XYB JPEG as jpegli makes it: RGB without a transform, a third channel of half the size, and its own profile
    /// with a table. The result matches Little CMS and the picture before encoding.
    @Test(.enabled(if: LittleCMSTests.python != nil && Oracle.has("cjpeg", corpus: false)))
    func coloursOfXYBEqualLittleCMS() throws {
        let python = try #require(Self.python)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("xyb-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let icc = folder.appendingPathComponent("profile.icc")
        let target = folder.appendingPathComponent("picture.jpg")
        let reference = folder.appendingPathComponent("reference.ppm")
        try Data(ICCFile.xyb()).write(to: icc)

        var original = Picture(width: 96, height: 64, channels: 3, samples: [])
        for y in 0..<64 {
            for x in 0..<96 { original.samples += [UInt8(x * 255 / 95), UInt8(y * 4), UInt8((x + y) * 255 / 158)] }
        }
        let coded = stride(from: 0, to: original.samples.count, by: 3).flatMap { at in
            ICCFile.xyb(sRGB: Array(original.samples[at..<at + 3]))
        }
        let switches = ["-rgb", "-quality", "98", "-sample", "2x2,2x2,1x1", "-icc", icc.path]
        let file = try #require(
            try Oracle.run("cjpeg", switches, input: Array("P6 96 64 255\n".utf8) + coded))
        try Data(file).write(to: target)
        try Self.run(python, Self.conversion, [target.path, reference.path])
        let expected = try #require(Picture(netpbm: [UInt8](try Data(contentsOf: reference))))
        let picture = try Picture(decoding: file, colors: .sRGB)
        #expect(try #require(DeltaE.mean(picture, expected)) < 1)
        // Rounding to four bits and a JPEG encoding make the difference between the two.
        #expect(try #require(DeltaE.mean(picture, original)) < 2)
        #expect(try #require(DeltaE.mean(Picture(decoding: file), original)) > 10)
    }

    /// How a file with a profile looks in sRGB.
    private static let conversion = """
        import sys, io
        from PIL import Image, ImageCms
        picture = Image.open(sys.argv[1])
        out = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(picture.info['icc_profile'])), ImageCms.createProfile('sRGB'),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode='RGB')
        open(sys.argv[2], 'wb').write(b'P6 %d %d 255\\n' % out.size + out.tobytes())
        """

    private static func run(_ python: String, _ script: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", script] + arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Pairs from table 1 of Sharma, Wu and Dalal.
    @Test func deltaEEqualsThePublishedValues() {
        let pairs: [(SIMD3<Double>, SIMD3<Double>, Double)] = [
            (SIMD3(50, 2.6772, -79.7751), SIMD3(50, 0, -82.7485), 2.0425),
            (SIMD3(50, -1.3802, -84.2814), SIMD3(50, 0, -82.7485), 1.0000),
            (SIMD3(50, 2.5, 0), SIMD3(61, -5, 29), 22.8977),
            (SIMD3(2.0776, 0.0795, -1.135), SIMD3(0.9033, -0.0636, -0.5514), 0.9082),
        ]
        for (first, second, expected) in pairs {
            #expect(abs(DeltaE.difference(first, second) - expected) < 0.0001)
        }
    }
}
