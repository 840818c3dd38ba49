import ImageCodecs
import ImageModel
import Testing

/// How much a photo changes and grows if its blocks do not allow a lossless rotation.
///
/// If the file's own quantisation was used again on blocks at other positions, a small photo changed by 1.8 to 2.8 of
/// 255 on average.
@Suite struct JPEGRotationFidelityTests {
    static let samplings: [[String]] = [
        ["-sample", "2x2"], ["-sample", "2x1"], ["-sample", "1x1"], ["-grayscale"], ["-progressive"],
    ]

    /// Compares what djpeg decodes from the rotated file with what it decodes from the original file, rotated. Also
    /// compares the number of bytes.
    private static func measure(
        _ file: [UInt8], _ change: Orientation
    ) throws -> (change: Double, growth: Double, isLossless: Bool) {
        let rotated = try ImageTransform.apply(
            change, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
        let (before, after) = (try decode(file), try decode(rotated.bytes))
        let difference = try #require(after.meanDifference(to: before.seen(as: change)))
        return (difference, Double(rotated.bytes.count) / Double(file.count), rotated.isLossless)
    }

    private static func decode(_ file: [UInt8], _ options: [String] = []) throws -> Picture {
        let pixels = try Oracle.run("djpeg", options, input: file)
        return try #require(pixels.flatMap { Picture(netpbm: $0) })
    }

    private static func encode(_ picture: Picture, _ options: [String]) throws -> [UInt8] {
        let header = Array("P6\n\(picture.width) \(picture.height)\n255\n".utf8)
        return try #require(try Oracle.run("cjpeg", ["-optimize"] + options, input: header + picture.rgb.samples))
    }

    /// Even and odd sides. With odd sides, subsampled chroma extends beyond the edge.
    @Test(.enabled(if: Oracle.has("cjpeg", "djpeg", corpus: false)), arguments: samplings, [85, 92, 97])
    func generatedPhotosStayClose(sampling: [String], quality: Int) throws {
        for (width, height) in [(222, 150), (227, 149)] {
            let file = try Self.encode(
                TestPhoto.picture(width: width, height: height), sampling + ["-quality", "\(quality)"])
            for change in [Orientation.rotated90, .rotated180, .rotated270] {
                let result = try Self.measure(file, change)
                #expect(!result.isLossless)
                #expect(result.change < 1.5, "\(width)x\(height) \(change)")
                #expect(result.growth <= 1.25, "\(width)x\(height) \(change)")
            }
        }
    }

    @Test(.enabled(if: Oracle.has("cjpeg", "djpeg")), arguments: samplings, [85, 92, 97])
    func smallPhotosStayClose(sampling: [String], quality: Int) throws {
        let large = try Oracle.files("exif-orientation", "jpg").filter { $0.name.hasSuffix("_1.jpg") }
        var photos = try large.map { try Picture(decoding: $0.bytes, scale: 4).cropped(width: 301, height: 201) }
        let original = try Oracle.file("libjpeg-turbo/testorig.ppm")
        photos.append(try #require(Picture(netpbm: original)))
        #expect(photos.count == 3)
        for (number, photo) in photos.enumerated() {
            let file = try Self.encode(photo, sampling + ["-quality", "\(quality)"])
            let result = try Self.measure(file, .rotated90)
            #expect(!result.isLossless)
            #expect(result.change < 1.5, "photo \(number)")
            #expect(result.growth <= 1.25, "photo \(number)")
        }
    }

    @Test(.enabled(if: Oracle.has("djpeg")), arguments: ["testorig.jpg", "testimgint.jpg"])
    func filesOfOtherProgramsStayClose(name: String) throws {
        let file = try Oracle.file("libjpeg-turbo/\(name)")
        for change in [Orientation.rotated90, .rotated180, .rotated270] {
            let result = try Self.measure(file, change)
            #expect(!result.isLossless)
            // A rotation by 180 degrees cuts blocks at new positions along both axes, and a quarter more bytes are not
            // enough.
            #expect(result.change < (change == .rotated180 ? 1.9 : 1.5), "\(change)")
            #expect(result.growth <= 1.25, "\(change)")
        }
    }

    /// If both limits cannot be met, the limit on bytes counts. The same holds if the same tables need 1.8 times as
    /// many bytes. This happens if the same blocks were already quantised twice, as in photos that an editor has saved.
    @Test(.enabled(if: Oracle.has("cjpeg", "djpeg", corpus: false)))
    func noFileGrowsByMoreThanAQuarter() throws {
        let photo = TestPhoto.picture(width: 222, height: 150)
        for sampling in Self.samplings {
            let coarse = try Self.encode(photo, sampling + ["-quality", "30"])
            let fine = try Self.encode(try Self.decode(coarse), sampling + ["-quality", "95"])
            for file in [coarse, fine] {
                let result = try Self.measure(file, .rotated90)
                #expect(result.growth <= 1.25, "\(sampling)")
                #expect(result.change < 4, "\(sampling)")
            }
        }
    }

    /// 1,080 lines are 135 whole rows of luma blocks and 67.5 rows of chroma blocks. Luma keeps its blocks and its
    /// values.
    @Test(.enabled(if: Oracle.has("cjpeg", "djpeg", corpus: false)))
    func wholeBlocksKeepTheirValues() throws {
        let photo = TestPhoto.picture(width: 224, height: 152)
        let file = try Self.encode(photo, ["-sample", "2x2", "-quality", "60"])
        let rotated = try ImageTransform.apply(
            .rotated180, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
        #expect(!rotated.isLossless)
        let (before, after) = (
            try Self.decode(file, ["-grayscale"]), try Self.decode(rotated.bytes, ["-grayscale"])
        )
        #expect(try #require(after.meanDifference(to: before.seen(as: .rotated180))) < 0.05)
    }
}
