import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct RendererTests {
    private let limits = RenderLimits()

    private func encoded(
        _ picture: borrowing PixelBuffer, as format: ImageFormat, quality: Int? = nil
    ) throws -> [UInt8] {
        try ImageEncoder.encode(picture, format: format, quality: quality, metadata: nil, cancelled: CancelFlag())
    }

    private func render(
        _ file: [UInt8], w: Int? = nil, h: Int? = nil, fit: RenditionRequest.Fit = .scaleDown, to format: ImageFormat,
        quality: Int? = nil, cancelled: CancelFlag = CancelFlag()
    ) throws -> RenderedImage {
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: w, height: h, fit: fit, format: format, quality: quality)
        return try Renderer.render(file.span.bytes, info: info, spec: spec, limits: limits, cancelled: cancelled)
    }

    private func decoded(_ image: RenderedImage) throws -> PixelBuffer {
        let info = try ImageHeader.read(image.bytes.span.bytes, limits: limits.codec)
        #expect(info.format == image.format)
        #expect(info.size == image.size)
        #expect(info.orientation == .upright)
        return try ImageDecoder.decode(
            image.bytes.span.bytes, info: info, limits: limits.codec, cancelled: CancelFlag())
    }

    @Test(arguments: ImageFormat.allCases, ImageFormat.allCases)
    func `every format becomes every format`(source: ImageFormat, target: ImageFormat) throws {
        let picture = try TestPictures.make(64, 40, .rgb8) { x, y, channel in
            UInt8([x * 4, y * 6, 255 - x * 4][channel])
        }
        let file = try encoded(picture, as: source, quality: 95)
        let image = try render(file, w: 32, to: target, quality: 95)
        #expect(image.format == target)
        #expect(image.size == PixelSize(width: 32, height: 20))
        let output = try decoded(image)
        #expect(output.layout == .rgb8)
        let whole = SourceRegion(x: 0, y: 0, width: 64, height: 40)
        let expected = try Resampler.resample(picture, region: whole, to: image.size, cancelled: CancelFlag())
        #expect(meanDifference(output.samples(), expected.samples()) < 3)
    }

    /// A crop with an odd remainder began at half a pixel, so all of it was interpolated.
    @Test(arguments: [Gravity.center, .smart]) func `a crop at full size has the same pixels`(gravity: Gravity) throws {
        let picture = try TestPictures.noise(101, 50, .rgb8)
        let file = try encoded(picture, as: .png)
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: 50, height: 50, fit: .cover, format: .png, quality: nil, gravity: gravity)
        let output = try decoded(
            Renderer.render(file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
        ).samples()
        let source = picture.samples()
        let isCut = (0...51).contains { x in
            (0..<50).allSatisfy { y in
                output[y * 150..<y * 150 + 150].elementsEqual(source[(y * 101 + x) * 3..<(y * 101 + x + 50) * 3])
            }
        }
        #expect(isCut)
    }

    /// An animation of one frame is a still that must be played. It could not be rendered at all.
    @Test(arguments: ImageFormat.allCases, [nil, 16])
    func `an animation of one frame is a still`(target: ImageFormat, width: Int?) throws {
        let picture = try TestPictures.make(64, 40, .rgb8) { x, y, channel in
            UInt8([x * 4, y * 6, 255 - x * 4][channel])
        }
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] { Array(name.utf8) + little(data.count, 4) + data }
        let simple = try encoded(picture, as: .webp, quality: 95)
        let sides = little(63, 3) + little(39, 3)
        let frame = chunk("ANMF", little(0, 6) + sides + [100, 0, 0, 0] + simple.dropFirst(12))
        let body =
            Array("WEBP".utf8) + chunk("VP8X", [2, 0, 0, 0] + sides) + chunk("ANIM", little(0, 6)) + frame
        let file = Array("RIFF".utf8) + little(body.count, 4) + body
        let image = try render(file, w: width, to: target, quality: 95)
        #expect(image.format == target)
        let expected = try render(simple, w: width, to: target, quality: 95)
        #expect(image.size == expected.size)
        #expect(try meanDifference(decoded(image).samples(), decoded(expected).samples()) < 3)
    }

    @Test func `a copy in PNG has the same pixels`() throws {
        for layout in [PixelBuffer.Layout.gray8, .rgb8, .rgba8] {
            let picture = try TestPictures.noise(33, 21, layout)
            let output = try decoded(try render(try encoded(picture, as: .png), to: .png))
            #expect(output.layout == layout)
            #expect(output.samples() == picture.samples())
        }
    }

    @Test func `transparency stays if the format has it, else the background is white`() throws {
        // Red. From left to right: invisible, half visible, visible.
        let picture = try TestPictures.make(96, 32, .rgba8) { x, _, channel in
            switch channel {
            case 0: 255
            case 3: [0, 128, 255][x / 32]
            default: 0
            }
        }
        let file = try encoded(picture, as: .png)
        for format in [ImageFormat.png, .webp] {
            let output = try decoded(try render(file, w: 48, to: format))
            #expect(output.layout == .rgba8)
            let alpha = stride(from: 3, to: 48 * 4, by: 4).map { output.samples()[$0] }
            #expect(alpha[2] == 0)
            #expect(alpha[24] == 128)
            #expect(alpha[46] == 255)
        }
        let flat = try decoded(try render(file, w: 48, to: .jpeg, quality: 100))
        #expect(flat.layout == .rgb8)
        let samples = flat.samples()
        let middle = 8 * 48 * 3
        #expect(samples[(middle + 3 * 2)..<(middle + 3 * 2 + 3)].allSatisfy { $0 >= 250 })
        #expect(largestDifference(Array(samples[(middle + 3 * 24)..<(middle + 3 * 24 + 3)]), [255, 127, 127]) <= 8)
        #expect(largestDifference(Array(samples[(middle + 3 * 46)..<(middle + 3 * 46 + 3)]), [255, 0, 0]) <= 8)
    }

    @Test func `transparent pixels over white are exact`() throws {
        let color: [UInt8] = [0, 255, 100]
        let picture = try TestPictures.make(256, 1, .rgba8) { x, _, channel in
            channel == 3 ? UInt8(x) : color[channel]
        }
        let info = ImageInfo(format: .png, size: picture.size, hasAlpha: true)
        let spec = RenditionSpec(width: nil, height: nil, fit: .scaleDown, format: .jpeg, quality: nil)
        let plan = try RenderPlan(info: info, spec: spec, limits: limits)
        let flat = try FlattenStep.apply(picture, plan: plan, cancelled: CancelFlag())
        var expected: [UInt8] = []
        for alpha in 0..<256 {
            for value in color {
                let blended = Double(Int(value) * alpha + 255 * (255 - alpha)) / 255
                expected.append(UInt8(blended + 0.5))
            }
        }
        #expect(flat.samples() == expected)
    }

    @Test func `quality has an effect and a default`() throws {
        let file = try encoded(try TestPictures.noise(100, 80, .rgb8), as: .png)
        for format in [ImageFormat.jpeg, .webp] {
            let (low, high) = try (render(file, to: format, quality: 20), render(file, to: format, quality: 95))
            #expect(low.bytes.count < high.bytes.count)
            let quality = try #require(Renderer.defaultQuality(for: format))
            #expect(try render(file, to: format).bytes == render(file, to: format, quality: quality).bytes)
        }
        #expect(Renderer.defaultQuality(for: .png) == nil)
    }

    @Test func `cancelled work throws cancelled at every stage`() throws {
        let flag = CancelFlag()
        flag.cancel()
        for format in ImageFormat.allCases {
            let file = try encoded(try TestPictures.noise(100, 80, .rgb8), as: format)
            #expect(throws: RenderError.cancelled) { try render(file, w: 10, to: .png, cancelled: flag) }
        }
    }

    @Test func `a broken file fails at the decode stage`() throws {
        var file = try encoded(try TestPictures.noise(100, 80, .rgb8), as: .png)
        file.removeLast(file.count / 2)
        let error = try #require(throws: RenderError.self) { try render(file, w: 10, to: .png) }
        guard case .codec(.decode, let cause) = error else {
            Issue.record("not a decoding error: \(error)")
            return
        }
        #expect(error.publicText == cause.publicText)
    }

    // MARK: - Photos from other sources

    static let upright = PixelSize(width: 90, height: 60)

    @Test(
        .enabled(if: Corpus.isThere, "CORPUS_DIR is not set"), arguments: ["Landscape", "Portrait"],
        [RenditionRequest.Fit.scaleDown, .cover])
    func `photos of all orientations look the same`(set: String, fit: RenditionRequest.Fit) throws {
        var reference: [UInt8]?
        let isLandscape = set == "Landscape"
        for number in 0...8 {
            let file = try Corpus.read("exif-orientation/\(set)_\(number).jpg")
            // Cover cuts a square from the middle.
            let (width, height) = fit == .cover ? (60, 60) : isLandscape ? (90, 60) : (60, 90)
            let image = try render(file, w: width, h: height, fit: fit, to: .png)
            #expect(image.size == PixelSize(width: width, height: height), "number \(number)")
            let samples = try decoded(image).samples()
            if let reference {
                #expect(meanDifference(samples, reference) < 3, "number \(number)")
            } else {
                reference = samples
            }
        }
        // A real picture, not a blank one: its samples differ widely.
        let samples = try #require(reference)
        let mean = UInt8(samples.reduce(0) { $0 + Int($1) } / samples.count)
        #expect(meanDifference(samples, Array(repeating: mean, count: samples.count)) > 20)
    }

    @Test(.enabled(if: Corpus.isThere, "CORPUS_DIR is not set"), arguments: [120, 225, 400, 450])
    func `a JPEG that was decoded smaller looks like one that was not`(width: Int) throws {
        let file = try Corpus.read("exif-orientation/Landscape_1.jpg")
        let image = try render(file, w: width, to: .png)
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: width, height: nil, fit: .scaleDown, format: .png, quality: nil)
        #expect(try RenderPlan(info: info, spec: spec, limits: limits).scaleDenominator > 1)
        let full = try ImageDecoder.decode(
            file.span.bytes, info: info, limits: limits.codec, cancelled: CancelFlag())
        let whole = SourceRegion(x: 0, y: 0, width: Double(full.width), height: Double(full.height))
        let expected = try Resampler.resample(full, region: whole, to: image.size, cancelled: CancelFlag())
        #expect(meanDifference(try decoded(image).samples(), expected.samples()) < 1.5)
    }
}
