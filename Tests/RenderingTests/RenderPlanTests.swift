import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct RenderPlanTests {
    private let limits = RenderLimits()

    private func plan(
        _ width: Int, _ height: Int, w: Int? = nil, h: Int? = nil, fit: RenditionRequest.Fit = .scaleDown,
        from source: ImageFormat = .png, to format: ImageFormat = .png, orientation: Orientation = .upright,
        hasAlpha: Bool = false, frames: Int? = 1
    ) throws(RenderError) -> RenderPlan {
        let info = ImageInfo(
            format: source, size: PixelSize(width: width, height: height), orientation: orientation,
            hasAlpha: hasAlpha, frames: frames)
        let spec = RenditionSpec(width: w, height: h, fit: fit, format: format, quality: nil)
        return try RenderPlan(info: info, spec: spec, limits: limits)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var source: (Int, Int)
        var box: (Int?, Int?)
        var expected: (Int, Int)

        var testDescription: String { "\(source) in \(box)" }
    }

    @Test(arguments: [
        Case(source: (1800, 1200), box: (900, nil), expected: (900, 600)),
        Case(source: (1800, 1200), box: (nil, 100), expected: (150, 100)),
        Case(source: (1800, 1200), box: (900, 100), expected: (150, 100)),
        Case(source: (1800, 1200), box: (100, 900), expected: (100, 67)),
        // Never enlarged, whatever side is requested.
        Case(source: (100, 50), box: (200, nil), expected: (100, 50)),
        Case(source: (100, 50), box: (200, 200), expected: (100, 50)),
        Case(source: (100, 50), box: (200, 25), expected: (50, 25)),
        Case(source: (100, 50), box: (100, 50), expected: (100, 50)),
        Case(source: (100, 50), box: (nil, nil), expected: (100, 50)),
        // Rounded to the nearest, halves up: 33.33, 66.67, 12.5.
        Case(source: (300, 100), box: (100, nil), expected: (100, 33)),
        Case(source: (300, 200), box: (100, nil), expected: (100, 67)),
        Case(source: (200, 25), box: (100, nil), expected: (100, 13)),
        // Never zero.
        Case(source: (10_000, 1), box: (100, nil), expected: (100, 1)),
        Case(source: (1, 1), box: (1, 1), expected: (1, 1)),
        Case(source: (1, 10_000), box: (nil, 1), expected: (1, 1)),
    ])
    func `scale-down fits inside and never enlarges`(_ example: Case) throws {
        let plan = try plan(example.source.0, example.source.1, w: example.box.0, h: example.box.1)
        #expect(plan.outputSize == PixelSize(width: example.expected.0, height: example.expected.1))
        // Nothing is cut off.
        if let region = plan.resampling?.region {
            let (width, height) = (Double(example.source.0), Double(example.source.1))
            #expect(region == SourceRegion(x: 0, y: 0, width: width, height: height))
        } else {
            #expect(example.source == example.expected)
        }
    }

    struct CoverCase: Sendable, CustomTestStringConvertible {
        var source: (Int, Int)
        var box: (Int?, Int?)
        var expected: (Int, Int)
        var region: SourceRegion

        var testDescription: String { "\(source) over \(box)" }
    }

    @Test(arguments: [
        CoverCase(
            source: (1800, 1200), box: (100, 100), expected: (100, 100),
            region: SourceRegion(x: 300, y: 0, width: 1200, height: 1200)),
        CoverCase(
            source: (1200, 1800), box: (100, 100), expected: (100, 100),
            region: SourceRegion(x: 0, y: 300, width: 1200, height: 1200)),
        // If nothing is resampled, an odd remainder is cut at a whole pixel. Otherwise it is split evenly, by halves.
        CoverCase(
            source: (101, 50), box: (50, 50), expected: (50, 50),
            region: SourceRegion(x: 25, y: 0, width: 50, height: 50)),
        CoverCase(
            source: (201, 100), box: (50, 50), expected: (50, 50),
            region: SourceRegion(x: 50.5, y: 0, width: 100, height: 100)),
        CoverCase(
            source: (100, 50), box: (400, 100), expected: (400, 100),
            region: SourceRegion(x: 0, y: 12.5, width: 100, height: 25)),
        CoverCase(
            source: (100, 50), box: (200, nil), expected: (200, 100),
            region: SourceRegion(x: 0, y: 0, width: 100, height: 50)),
        CoverCase(
            source: (100, 50), box: (nil, 25), expected: (50, 25),
            region: SourceRegion(x: 0, y: 0, width: 100, height: 50)),
    ])
    func `cover fills the box and cuts centred`(_ example: CoverCase) throws {
        let plan = try plan(example.source.0, example.source.1, w: example.box.0, h: example.box.1, fit: .cover)
        #expect(plan.outputSize == PixelSize(width: example.expected.0, height: example.expected.1))
        #expect(plan.resampling?.region == example.region)
    }

    /// The clean aperture of a sequence hid the size of the picture that libavif decodes, so too little memory was
    /// admitted.
    @Test func `the memory of a sequence is that of its coded size`() throws {
        func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
            long(content.count + 8) + Array(name.utf8) + content
        }
        func full(_ name: String, _ content: [UInt8]) -> [UInt8] { box(name, long(0) + content) }
        let coded = PixelSize(width: 8_000, height: 6_000)
        let aperture = [16, 1, 16, 1, 0, 1, 0, 1].map(long)
        let size = full("ispe", long(coded.width) + long(coded.height))
        let properties = size + box("av1C", [0x81, 0, 0x0C, 0]) + box("clap", Array(aperture.joined()))
        let links = full("ipma", long(1) + [0, 1, 3, 1, 2, 3])
        let entry = box("infe", [2, 0, 0, 0, 0, 1, 0, 0] + Array("av01".utf8) + [0])
        let meta = full(
            "meta", full("pitm", [0, 1]) + full("iinf", [0, 1] + entry) + box("iprp", box("ipco", properties) + links))
        let table = box("minf", box("stbl", full("stsz", long(0) + long(2))))
        let file =
            box("ftyp", Array("avis".utf8) + long(0) + Array("avis".utf8)) + meta
            + box("moov", box("trak", box("mdia", table)))
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        #expect(info.size == PixelSize(width: 16, height: 16) && info.frames == 2)
        let spec = RenditionSpec(width: 8, height: nil, fit: .scaleDown, format: .jpeg, quality: nil, isStill: true)
        let plan = try RenderPlan(info: info, spec: spec, limits: limits)
        #expect(plan.memoryBytes(file: file.span.bytes, info: info, limits: limits) >= coded.pixels * 12)
    }

    @Test func `a WebP with alpha is decoded at full size`() throws {
        #expect(try plan(4_000, 3_000, w: 100, from: .webp, hasAlpha: true).scaleDenominator == 1)
        #expect(try plan(4_000, 3_000, w: 100, from: .webp).scaleDenominator == 20)
    }

    @Test(arguments: Orientation.allCases)
    func `width and height are those of the upright picture`(orientation: Orientation) throws {
        let plan = try plan(1200, 1800, w: 100, h: 50, fit: .cover, orientation: orientation)
        #expect(plan.outputSize == PixelSize(width: 100, height: 50))
        #expect(plan.orientation == orientation)
        let resampling = try #require(plan.resampling)
        if orientation.swapsAxes {
            #expect(resampling.size == PixelSize(width: 50, height: 100))
            #expect(resampling.region == SourceRegion(x: 150, y: 0, width: 900, height: 1800))
        } else {
            #expect(resampling.size == PixelSize(width: 100, height: 50))
            #expect(resampling.region == SourceRegion(x: 0, y: 600, width: 1200, height: 600))
        }
    }

    @Test(arguments: [
        (2_000, 1), (1_001, 1), (1_000, 2), (501, 2), (500, 4), (218, 4), (217, 8), (10, 8),
    ])
    func `a JPEG is decoded smaller as far as a factor of two is left, and 2.3 at an eighth`(
        width: Int, denominator: Int
    ) throws {
        let jpeg = try plan(4_000, 4_000, w: width, from: .jpeg)
        #expect(jpeg.scaleDenominator == denominator)
        #expect(jpeg.resampling?.region.width == 4_000 / Double(denominator))
        #expect(try plan(4_000, 4_000, w: width, from: .png).scaleDenominator == 1)
    }

    @Test(arguments: [(2_000, 1), (1_001, 1), (1_000, 2), (667, 2), (666, 3), (10, 200)])
    func `a WebP is decoded smaller by any number`(width: Int, denominator: Int) throws {
        let webp = try plan(4_000, 4_001, w: width, from: .webp)
        #expect(webp.scaleDenominator == denominator)
        // The whole picture, after rounding.
        let rows = (4_001 + denominator - 1) / denominator
        #expect(abs((webp.resampling?.region.height ?? 0) - Double(rows)) < 1e-6)
    }

    @Test func `the crop of a JPEG decides its decoded size, not the whole`() throws {
        // The crop shows 400 of 4000 pixels of the height, at 100.
        #expect(try plan(400, 4_000, w: 100, h: 100, fit: .cover, from: .jpeg).scaleDenominator == 2)
        #expect(try plan(401, 4_000, w: 101, h: 101, fit: .cover, from: .jpeg).scaleDenominator == 1)
    }

    @Test func `a picture of the requested size is not resampled`() throws {
        #expect(try plan(100, 50, w: 100).resampling == nil)
        #expect(try plan(100, 50, w: 100, h: 50, fit: .cover).resampling == nil)
        #expect(try plan(100, 50, w: 50, h: 50, fit: .cover).resampling != nil)
    }

    @Test func `transparency is dropped only for formats without it`() throws {
        #expect(try plan(1, 1, to: .jpeg, hasAlpha: true).background == .white)
        #expect(try plan(1, 1, to: .webp, hasAlpha: true).background == nil)
        #expect(try plan(1, 1, to: .jpeg, hasAlpha: false).background == nil)
    }

    @Test func `an animation stays one as WebP, and is rejected in a format without animations`() throws {
        func plan(_ info: ImageInfo, _ format: ImageFormat, isStill: Bool = false) throws(RenderError) -> RenderPlan {
            let spec = RenditionSpec(
                width: 3, height: nil, fit: .scaleDown, format: format, quality: 80, isStill: isStill)
            return try RenderPlan(info: info, spec: spec, limits: limits)
        }
        let size = PixelSize(width: 9, height: 9)
        for source in [ImageFormat.webp, .png] {
            let info = ImageInfo(format: source, size: size, frames: 2)
            for format in [ImageFormat.webp, .avif] {
                #expect(try plan(info, format).isAnimated)
                #expect(try !plan(info, format, isStill: true).isAnimated)
            }
            for format in [ImageFormat.jpeg, .png] {
                #expect(throws: RenderError.self) { try plan(info, format) }
                #expect(try plan(info, format, isStill: true).outputSize.width == 3)
            }
            // The player returns whole canvases in RGBA.
            #expect(try plan(info, .jpeg, isStill: true).background == .white)
            #expect(try plan(info, .webp).scaleDenominator == 1)
        }
        let sequence = ImageInfo(format: .avif, size: size, frames: 2)
        #expect(throws: RenderError.self) { try plan(sequence, .webp) }
        #expect(try plan(sequence, .webp, isStill: true).outputSize.width == 3)
        // If the header does not tell the number of frames, the decoder finds it out.
        #expect(try self.plan(9, 9, w: 3, frames: nil).outputSize.width == 3)
    }

    @Test func `frames and their pixels are limited, decoded and encoded`() throws {
        func plan(_ width: Int, frames: Int, to wanted: Int, isStill: Bool = false) throws(RenderError) {
            let codec = CodecLimits(maximumFrames: 10, maximumAnimationPixels: 4_000)
            let info = ImageInfo(format: .webp, size: PixelSize(width: width, height: width), frames: frames)
            let spec = RenditionSpec(
                width: wanted, height: nil, fit: .contain, format: .webp, quality: 80, isStill: isStill)
            _ = try RenderPlan(info: info, spec: spec, limits: RenderLimits(codec: codec))
        }
        try plan(20, frames: 10, to: 20)
        try plan(20, frames: 11, to: 20, isStill: true)
        #expect(throws: RenderError.tooLarge(limit: "the number of frames", value: 11, maximum: 10)) {
            try plan(10, frames: 11, to: 10)
        }
        for (width, wanted) in [(21, 20), (20, 21)] {
            #expect(
                throws: RenderError.tooLarge(
                    limit: "the number of pixels of all frames", value: 4_410, maximum: 4_000)
            ) {
                try plan(width, frames: 10, to: wanted)
            }
        }
    }

    @Test func `a rendition with a limit of bytes is made from RGB`() throws {
        let info = ImageInfo(format: .jpeg, size: PixelSize(width: 800, height: 600))
        for (maximum, isPlanar) in [(nil, true), (10_000, false)] {
            let spec = RenditionSpec(
                width: 400, height: nil, fit: .scaleDown, format: .jpeg, quality: 80, maximumBytes: maximum)
            let plan = try RenderPlan(info: info, spec: spec, limits: limits)
            #expect(plan.staysPlanar(spec: spec) == isPlanar)
        }
    }

    @Test func `requested and derived sides are limited`() throws {
        #expect(try plan(10, 10, w: 8_192, fit: .cover).outputSize.height == 8_192)
        #expect(throws: RenderError.tooLarge(limit: "a side", value: 8_193, maximum: 8_192)) {
            try plan(10, 10, w: 8_193)
        }
        // A panorama that is rotated by a quarter.
        #expect(throws: RenderError.tooLarge(limit: "a side", value: 8_200, maximum: 8_192)) {
            try plan(10, 1_000, w: 82, fit: .cover)
        }
        #expect(throws: RenderError.self) { try plan(10, 10, w: 0) }
        // A picture that is already that long may stay so.
        #expect(try plan(20_000, 100, h: 50).outputSize == PixelSize(width: 10_000, height: 50))
    }

    @Test(arguments: [
        (ImageFormat.webp, 16_383, true), (.webp, 16_384, false), (.jpeg, 65_500, true), (.jpeg, 65_501, false),
        (.png, 70_000, true),
    ])
    func `a side must fit in the format`(format: ImageFormat, side: Int, fits: Bool) throws {
        if fits {
            #expect(try plan(side, 2, to: format).outputSize.width == side)
            #expect(try plan(2, side, to: format).outputSize.height == side)
        } else {
            let error = RenderError.tooLarge(
                limit: "the longer side of a \(format.rawValue) image", value: side, maximum: side - 1)
            #expect(throws: error) { try plan(side, 2, to: format) }
            #expect(throws: error) { try plan(2, side, to: format) }
        }
    }

    @Test func `pixels are limited`() throws {
        #expect(try plan(12_000, 10_000, w: 10).outputSize.width == 10)
        #expect(throws: RenderError.tooLarge(limit: "the number of pixels", value: 120_010_000, maximum: 120_000_000)) {
            try plan(12_001, 10_000, w: 10)
        }
    }

    @Test func `the memory covers the decoded picture and the output`() throws {
        let small = try plan(1_000, 1_000, w: 100)
        #expect(small.memoryBytes > 4_000_000)
        #expect(small.memoryBytes < 18_000_000)
        let enlarged = try plan(10, 10, w: 8_000, fit: .cover)
        #expect(enlarged.memoryBytes > 2 * 3 * 8_000 * 8_000)
        // A JPEG that is decoded at a smaller scale takes less memory.
        let (near, far) = try (plan(4_000, 4_000, w: 2_000, from: .jpeg), plan(4_000, 4_000, w: 200, from: .jpeg))
        #expect(far.memoryBytes < near.memoryBytes)
    }
}
