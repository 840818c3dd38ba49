import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct StepTests {
    private func plan(
        _ picture: borrowing PixelBuffer, _ spec: RenditionSpec
    ) throws -> RenderPlan {
        let info = ImageInfo(format: .png, size: picture.size, hasAlpha: picture.layout.hasAlpha)
        return try RenderPlan(info: info, spec: spec, limits: RenderLimits())
    }

    private func blurred(_ picture: borrowing PixelBuffer, _ deviation: Double) throws -> PixelBuffer {
        try GaussianBlur.apply(deviation: deviation, to: picture, cancelled: CancelFlag())
    }

    /// The Gaussian directly from its formula, over all pixels.
    private func reference(_ samples: [UInt8], width: Int, height: Int, deviation: Double) -> [UInt8] {
        func pass(_ input: [Double], count: Int, at index: (Int) -> Int) -> [Double] {
            (0..<count).map { centre in
                var (sum, total) = (0.0, 0.0)
                for other in 0..<count {
                    let distance = Double(other - centre) / deviation
                    let weight = pow(distance)
                    sum += weight * input[index(other)]
                    total += weight
                }
                return sum / total
            }
        }
        func pow(_ x: Double) -> Double {
            // exp(-x * x / 2): the argument is reduced until the series is short.
            guard abs(x) < 8 else { return 0 }
            var (term, sum) = (1.0, 1.0)
            let y = -x * x / 2 / 1_024
            for n in 1...12 {
                term *= y / Double(n)
                sum += term
            }
            for _ in 0..<10 { sum *= sum }
            return sum
        }
        var values = samples.map(Double.init)
        for y in 0..<height {
            let row = pass(values, count: width) { y * width + $0 }
            values.replaceSubrange((y * width)..<((y + 1) * width), with: row)
        }
        for x in 0..<width {
            for (y, value) in pass(values, count: height, at: { $0 * width + x }).enumerated() {
                values[y * width + x] = value
            }
        }
        return values.map { UInt8($0 + 0.5) }
    }

    @Test(arguments: [0.5, 1.0, 3.0, 4.0, 7.0, 12.0])
    func `blur equals the Gaussian`(deviation: Double) throws {
        // Half black, half white, with a bright spot. The edge shows every error of a Gaussian.
        let picture = try TestPictures.make(70, 40, .gray8) { x, y, _ in
            x < 35 ? (x == 10 && y == 20 ? 255 : 0) : 255
        }
        let actual = try blurred(picture, deviation).samples()
        let expected = reference(picture.samples(), width: 70, height: 40, deviation: deviation)
        #expect(largestDifference(actual, expected) <= 3)
        #expect(meanDifference(actual, expected) < 0.7)
    }

    @Test(arguments: [PixelBuffer.Layout.gray8, .rgb8, .rgba8], [0.3, 2.0, 40.0, 1_000.0])
    func `a constant picture stays constant under blur`(layout: PixelBuffer.Layout, deviation: Double) throws {
        let color: [UInt8] = [9, 130, 255, 77]
        let picture = try TestPictures.make(33, 21, layout) { _, _, channel in color[channel] }
        #expect(try blurred(picture, deviation).samples() == picture.samples())
        let spec = RenditionSpec(
            width: nil, height: nil, fit: .scaleDown, format: .png, quality: nil, sharpen: 5, pixelRatio: 2)
        let sharpened = try SharpenStep.apply(
            try blurred(picture, deviation), plan: try plan(picture, spec), cancelled: CancelFlag())
        #expect(sharpened.samples() == picture.samples())
    }

    @Test func `sharpening adds the difference to the blurred picture`() throws {
        let picture = try TestPictures.make(40, 30, .gray8) { x, y, _ in UInt8(64 + (x / 8 + y / 6) % 2 * 100) }
        let spec = RenditionSpec(
            width: nil, height: nil, fit: .scaleDown, format: .png, quality: nil, sharpen: 1.5)
        let before = picture.samples()
        let blur = try blurred(picture, 1).samples()
        let plan = try plan(picture, spec)
        let after = try SharpenStep.apply(picture, plan: plan, cancelled: CancelFlag()).samples()
        let expected = zip(before, blur).map { value, blur in
            UInt8(min(max(Double(value) + 1.5 * (Double(value) - Double(blur)), 0), 255))
        }
        #expect(largestDifference(after, expected) <= 2)
        #expect(largestDifference(after, before) > 20)
    }

    @Test func `a picture is padded with the colour asked for`() throws {
        let picture = try TestPictures.noise(4, 2, .rgb8)
        let samples = picture.samples()
        let spec = RenditionSpec(
            width: 4, height: 4, fit: .pad, format: .png, quality: nil,
            background: Color(red: 1, green: 2, blue: 3))
        let plan = try plan(picture, spec)
        #expect(plan.outputSize == PixelSize(width: 4, height: 4))
        let bar = [UInt8](Array(repeatElement([1, 2, 3], count: 4).joined()))
        let padded = try PadStep.apply(picture, plan: plan, cancelled: CancelFlag())
        #expect(padded.samples() == bar + samples + bar)
    }

    @Test func `padding is transparent if the format allows it`() throws {
        let opaque = try TestPictures.noise(2, 1, .gray8)
        let gray = opaque.samples()
        func padded(_ format: ImageFormat, _ background: Color?, hasAlpha: Bool) throws -> [UInt8] {
            let picture =
                hasAlpha
                ? try TestPictures.make(2, 1, .rgba8) { x, _, _ in gray[x] }
                : try TestPictures.make(2, 1, .gray8) { x, _, _ in gray[x] }
            let spec = RenditionSpec(
                width: 2, height: 2, fit: .pad, format: format, quality: nil, gravity: .point(x: 0, y: 0),
                background: background)
            let plan = try plan(picture, spec)
            return try PadStep.apply(
                try FlattenStep.apply(picture, plan: plan, cancelled: CancelFlag()), plan: plan,
                cancelled: CancelFlag()
            ).samples()
        }
        #expect(try padded(.png, nil, hasAlpha: false) == gray + [255, 255])
        #expect(
            try padded(.png, .clear, hasAlpha: false)
                == [gray[0], gray[0], gray[0], 255, gray[1], gray[1], gray[1], 255] + [UInt8](repeating: 0, count: 8))
        #expect(try padded(.png, nil, hasAlpha: true).suffix(8).allSatisfy { $0 == 0 })
        #expect(try padded(.jpeg, nil, hasAlpha: true).suffix(6).allSatisfy { $0 == 255 })
        let red = Color(red: 255, green: 0, blue: 0)
        #expect(try padded(.jpeg, red, hasAlpha: false).suffix(6) == [255, 0, 0, 255, 0, 0])
    }

    @Test func `a translucent background is composed under the picture`() throws {
        // Red at half strength over green at half strength.
        let picture = try TestPictures.make(1, 1, .rgba8) { _, _, channel in [255, 0, 0, 128][channel] }
        let spec = RenditionSpec(
            width: nil, height: nil, fit: .scaleDown, format: .png, quality: nil,
            background: Color(red: 0, green: 255, blue: 0, alpha: 128))
        let plan = try plan(picture, spec)
        let flat = try FlattenStep.apply(picture, plan: plan, cancelled: CancelFlag()).samples()
        // Alpha is 1 - (1 - a)^2 with a = 128/255. Red has a of it, and green a (1 - a).
        #expect(largestDifference(flat, [170, 85, 0, 192]) <= 1)
    }

    @Test(arguments: Orientation.allCases)
    func `attention finds the subject in every stored orientation`(orientation: Orientation) throws {
        // A dull wall, with a patch of skin in strong detail on the displayed right.
        let seen = try TestPictures.make(300, 100, .rgb8) { x, y, channel in
            let isSubject = (210..<270).contains(x) && (20..<80).contains(y)
            if !isSubject { return 90 }
            return (x / 6 + y / 6) % 2 == 0 ? [224, 172, 138][channel] : [150, 105, 80][channel]
        }
        let stored = try QuarterRotation.apply(orientation.inverse, to: seen, cancelled: CancelFlag())
        let info = ImageInfo(format: .png, size: stored.size, orientation: orientation)
        let spec = RenditionSpec(
            width: 100, height: 100, fit: .cover, format: .png, quality: nil, gravity: .smart)
        let plan = try RenderPlan(info: info, spec: spec, limits: RenderLimits())
        let resampling = try #require(plan.resampling)
        #expect(resampling.isSmart)
        let placed = try Attention.place(resampling.region, in: stored, cancelled: CancelFlag())
            .rotated(by: orientation, in: stored.size)
        #expect(placed.width == 100 && placed.height == 100 && placed.y == 0)
        // The whole subject is inside.
        #expect(placed.x >= 168 && placed.x <= 200)
    }

    @Test func `attention without a subject takes the middle`() throws {
        let picture = try TestPictures.make(200, 50, .gray8) { _, _, _ in 80 }
        let region = SourceRegion(x: 75, y: 0, width: 50, height: 50)
        #expect(try Attention.place(region, in: picture, cancelled: CancelFlag()) == region)
    }

    @Test func `the box of a rotated rendition is that of the upright result`() throws {
        let picture = try TestPictures.make(60, 20, .gray8) { x, _, _ in UInt8(x * 4) }
        let info = ImageInfo(format: .png, size: picture.size)
        let spec = RenditionSpec(
            width: 20, height: 20, fit: .cover, format: .png, quality: nil, gravity: .point(x: 0, y: 0),
            rotation: .rotated90)
        let plan = try RenderPlan(info: info, spec: spec, limits: RenderLimits())
        #expect(plan.outputSize == PixelSize(width: 20, height: 20))
        // After the clockwise rotation, the stored left is at the top, and the top is kept.
        #expect(plan.resampling?.region == SourceRegion(x: 0, y: 0, width: 20, height: 20))
    }

    @Test func `the memory covers every step`() throws {
        func bytes(_ spec: RenditionSpec) throws -> Int {
            let info = ImageInfo(format: .png, size: PixelSize(width: 1_000, height: 1_000), hasAlpha: true)
            return try RenderPlan(info: info, spec: spec, limits: RenderLimits()).memoryBytes
        }
        func spec(_ fit: RenditionRequest.Fit, blur: Double? = nil, sharpen: Double? = nil) -> RenditionSpec {
            RenditionSpec(
                width: 4_000, height: 5_000, fit: fit, format: .png, quality: nil, blur: blur, sharpen: sharpen)
        }
        // The picture, and a second one of the same size, or the padded canvas.
        #expect(try bytes(spec(.contain)) >= 2 * 4 * 4_000 * 4_000)
        #expect(try bytes(spec(.pad)) >= 4 * 4_000 * 4_000 + 4 * 4_000 * 5_000)
        #expect(try bytes(spec(.contain, blur: 2)) >= 3 * 4 * 4_000 * 4_000)
        #expect(try bytes(spec(.contain, sharpen: 2)) >= 2 * 4 * 4_000 * 4_000)
    }
}
