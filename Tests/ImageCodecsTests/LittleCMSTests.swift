import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Converted colours against Little CMS as Pillow's ImageCms calls it, with profiles that nobody here made: those of
/// Debian's colord-data (Adobe RGB, ProPhoto), libgs-common (CMYK for web presses by SWOP) and libjpeg-turbo's tests.
@Suite struct LittleCMSTests {
    /// Pillow's Python, nil where it is not installed.
    private static let python: String? = ProcessInfo.processInfo.environment["PYTHON"].flatMap { path in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", "from PIL import ImageCms"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus == 0 ? path : nil
    }

    /// Makes a picture of all colours, tags it with a profile, writes it, and beside it what it looks like in sRGB.
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
        var found: [(String, [UInt8], String)] = [("Display P3", displayP3(), "rgb")]
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

    /// Display P3 as Apple publishes it: SMPTE RP 431-2's primaries adapted to D50, sRGB's curve as a parametric one.
    private static func displayP3() -> [UInt8] {
        func xyz(_ values: [Double]) -> [UInt8] {
            Array("XYZ ".utf8) + PNGFile.long(0) + values.flatMap { PNGFile.long(Int(($0 * 65_536).rounded())) }
        }
        let parameters = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]
        let curve =
            Array("para".utf8) + PNGFile.long(0) + [0, 3, 0, 0]
            + parameters.flatMap { PNGFile.long(Int(($0 * 65_536).rounded())) }
        let name = Array("Display P3".utf8) + [0]
        var description = Array("desc".utf8) + PNGFile.long(0) + PNGFile.long(name.count) + name
        description += [UInt8](repeating: 0, count: 78)
        while description.count % 4 != 0 { description.append(0) }
        let tags: [(String, [UInt8])] = [
            ("desc", description), ("wtpt", xyz([0.9642, 1, 0.8249])),
            ("rXYZ", xyz([0.51512, 0.2412, -0.00105])), ("gXYZ", xyz([0.29198, 0.69225, 0.04189])),
            ("bXYZ", xyz([0.1571, 0.06657, 0.78407])), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
        ]
        var table = PNGFile.long(tags.count)
        var data: [UInt8] = []
        for (tag, content) in tags {
            table += Array(tag.utf8) + PNGFile.long(132 + 12 * tags.count + data.count) + PNGFile.long(content.count)
            data += content
        }
        var header = PNGFile.long(128 + table.count + data.count) + Array("test".utf8) + [4, 0, 0, 0]
        header += Array("mntrRGB XYZ ".utf8) + [UInt8](repeating: 0, count: 12) + Array("acsp".utf8)
        header += [UInt8](repeating: 0, count: 28) + [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]
        header += [UInt8](repeating: 0, count: 128 - header.count)
        return header + table + data
    }

    @Test(.enabled(if: LittleCMSTests.python != nil))
    func everyProfileComesOutAsLittleCMSSaysIt() throws {
        let python = try #require(Self.python)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cms-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, profile, kind) in Self.profiles() {
            for ext in kind == "rgb" ? ["jpg", "png", "webp"] : kind == "gray" ? ["jpg", "png"] : ["jpg"] {
                let icc = folder.appendingPathComponent("profile.icc")
                let target = folder.appendingPathComponent("picture." + ext)
                let reference = folder.appendingPathComponent("reference.ppm")
                try Data(profile).write(to: icc)
                let process = Process()
                process.executableURL = URL(fileURLWithPath: python)
                process.arguments = ["-c", Self.script, icc.path, kind, target.path, reference.path]
                try process.run()
                process.waitUntilExit()
                try #require(process.terminationStatus == 0, "\(name) \(ext)")
                let file = [UInt8](try Data(contentsOf: target))
                let expected = try #require(Picture(netpbm: [UInt8](try Data(contentsOf: reference))))
                let picture = try Picture(decoding: file, colors: .sRGB)
                let difference = try #require(DeltaE.mean(picture.rgb, expected), "\(name) \(ext)")
                #expect(difference < 1, "\(name) \(ext): \(difference)")
                // And it is no accident: without the profile it would look different.
                if name != "/usr/share/color/icc/ghostscript/ps_gray.icc" {
                    let stored = try Picture(decoding: file)
                    #expect(try #require(DeltaE.mean(stored.rgb, expected)) > 1, "\(name) \(ext)")
                }
            }
        }
    }

    /// Pairs of Sharma, Wu and Dalal's table 1.
    @Test func theMeasureIsRight() {
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
