import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct ResamplerTests {
    static let layouts: [PixelBuffer.Layout] = [.gray8, .rgb8, .rgba8]

    private func resample(
        _ picture: borrowing PixelBuffer, region: SourceRegion? = nil, to width: Int, _ height: Int
    ) throws -> [UInt8] {
        let whole = SourceRegion(x: 0, y: 0, width: Double(picture.width), height: Double(picture.height))
        let output = try Resampler.resample(
            picture, region: region ?? whole, to: PixelSize(width: width, height: height), cancelled: CancelFlag())
        #expect(output.size == PixelSize(width: width, height: height))
        #expect(output.layout == picture.layout)
        return output.samples()
    }

    struct Geometry: Sendable, CustomTestStringConvertible {
        var input: (Int, Int)
        var region: (Double, Double, Double, Double)
        var output: (Int, Int)

        var testDescription: String { "\(region) of \(input) to \(output)" }
    }

    @Test(
        arguments: layouts,
        [
            Geometry(input: (31, 17), region: (0, 0, 31, 17), output: (10, 6)),
            Geometry(input: (31, 17), region: (0, 0, 31, 17), output: (31, 5)),
            Geometry(input: (31, 17), region: (0, 0, 31, 17), output: (7, 17)),
            Geometry(input: (9, 8), region: (0, 0, 9, 8), output: (20, 19)),
            Geometry(input: (31, 17), region: (7, 0, 17, 17), output: (5, 5)),
            Geometry(input: (32, 17), region: (7.5, 0.25, 17, 16.5), output: (9, 11)),
            Geometry(input: (12, 12), region: (5.5, 5.5, 1, 1), output: (6, 6)),
            Geometry(input: (40, 2), region: (0, 0, 40, 2), output: (1, 1)),
            Geometry(input: (1, 1), region: (0, 0, 1, 1), output: (3, 2)),
            Geometry(input: (5, 5), region: (0, 0, 4.5, 4.5), output: (2, 2)),
        ])
    func `the result equals the formula`(layout: PixelBuffer.Layout, geometry: Geometry) throws {
        let picture = try TestPictures.noise(geometry.input.0, geometry.input.1, layout)
        let (x, y, width, height) = geometry.region
        let region = SourceRegion(x: x, y: y, width: width, height: height)
        let expected = ReferenceResampler.resample(
            picture.samples(), width: picture.width, height: picture.height, layout: layout, region: region,
            to: PixelSize(width: geometry.output.0, height: geometry.output.1))
        let actual = try resample(picture, region: region, to: geometry.output.0, geometry.output.1)
        if layout.hasAlpha {
            // If almost nothing is visible, a colour depends on the last bits of a quotient. The visible value is
            // colour times alpha.
            #expect(largestDifference(seen(actual), seen(expected)) <= 1)
        } else {
            #expect(largestDifference(actual, expected) <= 1)
        }
    }

    /// Premultiplies the colours and keeps alpha.
    private func seen(_ samples: [UInt8]) -> [UInt8] {
        samples.indices.map { index in
            if index % 4 == 3 { return samples[index] }
            return UInt8((Int(samples[index]) * Int(samples[index / 4 * 4 + 3]) + 127) / 255)
        }
    }

    @Test(arguments: layouts, [(1, 1), (5, 3), (40, 7), (64, 48), (100, 99)])
    func `a constant picture stays unchanged`(layout: PixelBuffer.Layout, size: (Int, Int)) throws {
        let color: [UInt8] = [1, 127, 255, 200]
        let picture = try TestPictures.make(40, 30, layout) { _, _, channel in color[channel] }
        let actual = try resample(picture, to: size.0, size.1)
        let pixel = Array(color.prefix(layout.bytesPerPixel))
        #expect(actual == Array(repeatElement(pixel, count: size.0 * size.1).joined()))
    }

    @Test(arguments: layouts)
    func `the same size gives a copy`(layout: PixelBuffer.Layout) throws {
        // No pixel is fully transparent, because an invisible pixel has no colour to keep.
        let picture = try TestPictures.make(23, 19, layout) { x, y, channel in
            if channel == 3 { return UInt8(1 + x * 11) }
            let value: Int = x * 7 + y * 13 + channel * 31
            return UInt8(value % 256)
        }
        #expect(try resample(picture, to: 23, 19) == picture.samples())
        let part = try resample(picture, region: SourceRegion(x: 3, y: 2, width: 10, height: 9), to: 10, 9)
        let samples = picture.samples()
        var expected: [UInt8] = []
        for y in 2..<11 {
            let start = (y * 23 + 3) * layout.bytesPerPixel
            expected += samples[start..<(start + 10 * layout.bytesPerPixel)]
        }
        #expect(part == expected)
    }

    @Test(arguments: layouts, [(17, 9), (80, 50)])
    func `a mirrored picture gives a mirrored one`(layout: PixelBuffer.Layout, size: (Int, Int)) throws {
        let picture = try TestPictures.noise(40, 30, layout)
        for orientation in [Orientation.mirrored, .mirroredRotated180, .rotated180] {
            let mirrored = try QuarterRotation.apply(orientation, to: picture, cancelled: CancelFlag())
            let target = PixelSize(width: size.0, height: size.1)
            let whole = SourceRegion(x: 0, y: 0, width: 40, height: 30)
            let scaled = try Resampler.resample(picture, region: whole, to: target, cancelled: CancelFlag())
            let expected = try QuarterRotation.apply(orientation, to: scaled, cancelled: CancelFlag())
            let actual = try resample(mirrored, to: size.0, size.1)
            let difference =
                layout.hasAlpha
                ? largestDifference(seen(actual), seen(expected.samples()))
                : largestDifference(actual, expected.samples())
            #expect(difference <= 1)
        }
    }

    /// A shift by half a pixel is the classic mistake. A line in the middle must stay in the middle.
    @Test(arguments: [(40, 10), (41, 41), (40, 80), (41, 123)])
    func `a line in the middle stays in the middle`(input: Int, output: Int) throws {
        let ramp = try TestPictures.make(input, 1, .gray8) { x, _, _ in UInt8(20 + 200 * x / (input - 1)) }
        let actual = try resample(ramp, to: output, 1)
        // Away from the edges a straight ramp stays straight: the value at a centre is the value of the ramp there.
        for x in (output / 4)..<(output * 3 / 4) {
            let position = (Double(x) + 0.5) * Double(input) / Double(output) - 0.5
            let expected = 20 + 200 * position / Double(input - 1)
            #expect(abs(Double(actual[x]) - expected) < 2)
        }
    }

    @Test func `colours of transparent pixels have no effect`() throws {
        // The left half is red and visible, the right half is green and invisible.
        let picture = try TestPictures.make(32, 8, .rgba8) { x, _, channel in
            switch channel {
            case 0: x < 16 ? 255 : 0
            case 1: x < 16 ? 0 : 255
            case 3: x < 16 ? 255 : 0
            default: 0
            }
        }
        let actual = try resample(picture, to: 10, 2)
        for pixel in stride(from: 0, to: actual.count, by: 4) where actual[pixel + 3] > 0 {
            #expect(actual[pixel] == 255)
            #expect(actual[pixel + 1] == 0)
        }
        #expect(actual[3] == 255)
        #expect(actual[39] == 0)
    }

    @Test func `fine stripes become grey, not coarse stripes`() throws {
        let picture = try TestPictures.make(400, 8, .gray8) { x, _, _ in x % 2 == 0 ? 0 : 255 }
        let actual = try resample(picture, to: 90, 8)
        // At the edges the filter is cut off, and some contrast remains.
        #expect(actual[4..<86].allSatisfy { abs(Int($0) - 128) <= 2 })
    }

    @Test func `cancelled resampling stops`() throws {
        let picture = try TestPictures.noise(10, 10, .rgb8)
        let flag = CancelFlag()
        flag.cancel()
        let whole = SourceRegion(x: 0, y: 0, width: 10, height: 10)
        #expect(throws: CodecError.cancelled) {
            _ = try Resampler.resample(
                picture, region: whole, to: PixelSize(width: 5, height: 5), cancelled: flag
            ).width
        }
    }
}
