import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

/// Compares the processing of a JPEG as planes with its processing as RGB.
@Suite struct PlanarTests {
    private let limits = RenderLimits()

    /// A smooth picture with edges in all three colours. A shift of chroma by half a sample would be visible.
    private func file(_ width: Int, _ height: Int, quality: Int) throws -> [UInt8] {
        let picture = try TestPictures.make(width, height, .rgb8) { x, y, channel in
            let isInside = (x - width / 2) * (x - width / 2) + (y - height / 2) * (y - height / 2) < height * height / 9
            let ramp = [x * 200 / width, y * 200 / height, 128][channel]
            return UInt8(isInside ? [230, 40, 60][channel] : ramp)
        }
        return try ImageEncoder.encode(
            picture, format: .jpeg, quality: quality, metadata: nil, cancelled: CancelFlag())
    }

    private func decoded(_ file: [UInt8]) throws -> PixelBuffer {
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        return try ImageDecoder.decode(file.span.bytes, info: info, limits: limits.codec, cancelled: CancelFlag())
    }

    @Test(
        arguments: [(301, 203), (320, 208), (97, 33)],
        [(RenditionRequest.Fit.contain, 67, 45), (.contain, 160, 104), (.fill, 400, 51), (.cover, 50, 50)])
    func `planes and RGB give the same picture`(
        size: (Int, Int), box: (fit: RenditionRequest.Fit, width: Int, height: Int)
    ) throws {
        for quality in [80, 95] {
            let file = try file(size.0, size.1, quality: quality)
            for rotation in Orientation.allCases {
                let swaps = rotation.swapsAxes
                let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
                let spec = RenditionSpec(
                    width: swaps ? box.height : box.width, height: swaps ? box.width : box.height, fit: box.fit,
                    format: .jpeg, quality: 100 - (100 - quality) / 2, rotation: rotation)
                let plan = try RenderPlan(info: info, spec: spec, limits: limits)
                #expect(PlanarResampling.applies(to: plan, info: info))
                let actual = try Renderer.render(
                    file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
                #expect(actual.size == plan.outputSize)
                let resampling = try #require(plan.resampling)
                let full = try ImageDecoder.decode(
                    file.span.bytes, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec,
                    cancelled: CancelFlag())
                let scaled = try Resampler.resample(
                    full, region: resampling.region, to: resampling.size, cancelled: CancelFlag())
                let expected = try QuarterRotation.apply(rotation, to: scaled, cancelled: CancelFlag())
                #expect(meanDifference(try decoded(actual.bytes).samples(), expected.samples()) < 3)
            }
        }
    }

    @Test func `other formats than JPEG are rendered from RGB`() throws {
        let file = try file(301, 203, quality: 95)
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: 100, height: nil, fit: .scaleDown, format: .png, quality: nil)
        let actual = try Renderer.render(
            file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
        let full = try decoded(file)
        let whole = SourceRegion(x: 0, y: 0, width: 301, height: 203)
        let expected = try Resampler.resample(full, region: whole, to: actual.size, cancelled: CancelFlag())
        #expect(meanDifference(try decoded(actual.bytes).samples(), expected.samples()) < 1.5)
    }

    @Test(.enabled(if: Corpus.isThere, "CORPUS_DIR is not set"), arguments: ["Landscape_6", "Portrait_3"])
    func `blur and padding work on planes`(name: String) throws {
        let file = try Corpus.read("exif-orientation/\(name).jpg")
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(
            width: 120, height: 120, fit: .pad, format: .jpeg, quality: 90,
            background: Color(red: 0, green: 99, blue: 0),
            blur: 2)
        let image = try Renderer.render(
            file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
        #expect(image.size == PixelSize(width: 120, height: 120))
        let corner = Array(try decoded(image.bytes).samples().prefix(3))
        #expect(largestDifference(corner, [0, 99, 0]) <= 4)
    }

    @Test func `a cancelled decode throws cancelled`() throws {
        let file = try file(97, 33, quality: 80)
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let flag = CancelFlag()
        flag.cancel()
        #expect(throws: CodecError.cancelled) {
            _ = try JPEGPlanes.decode(file.span.bytes, info: info, limits: limits.codec, cancelled: flag) == nil
        }
    }

    @Test func `a truncated file is rejected`() throws {
        var file = try file(97, 33, quality: 80)
        file.removeLast(file.count / 2)
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        #expect(throws: CodecError.self) {
            _ = try JPEGPlanes.decode(file.span.bytes, info: info, limits: limits.codec, cancelled: CancelFlag()) == nil
        }
    }
}
