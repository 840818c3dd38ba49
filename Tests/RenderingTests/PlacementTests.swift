import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct PlacementTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var source: (Int, Int)
        var box: (Int?, Int?)
        var fit: RenditionRequest.Fit
        var size: (Int, Int)
        /// x, y, width, height; nil means the whole picture.
        var region: (Double, Double, Double, Double)?
        /// Width, height, x, y.
        var canvas: (Int, Int, Int, Int)?

        var testDescription: String { "\(fit) of \(source) in \(box)" }
    }

    @Test(arguments: [
        Case(source: (100, 50), box: (200, 200), fit: .contain, size: (200, 100)),
        Case(source: (100, 50), box: (50, 50), fit: .contain, size: (50, 25)),
        Case(source: (100, 50), box: (nil, 200), fit: .contain, size: (400, 200)),
        Case(source: (100, 50), box: (30, 40), fit: .fill, size: (30, 40)),
        Case(source: (100, 50), box: (300, 400), fit: .fill, size: (300, 400)),
        Case(source: (100, 50), box: (200, nil), fit: .fill, size: (200, 100)),
        Case(source: (100, 50), box: (200, 200), fit: .pad, size: (200, 100), canvas: (200, 200, 0, 50)),
        Case(source: (100, 50), box: (41, 20), fit: .pad, size: (40, 20), canvas: (41, 20, 0, 0)),
        Case(source: (100, 50), box: (200, 100), fit: .pad, size: (200, 100)),
        // If the picture is large enough, crop cuts like cover.
        Case(source: (200, 100), box: (50, 50), fit: .crop, size: (50, 50), region: (50, 0, 100, 100)),
        Case(source: (200, 100), box: (100, 100), fit: .crop, size: (100, 100), region: (50, 0, 100, 100)),
        // Otherwise crop keeps the scale of one.
        Case(source: (200, 50), box: (100, 100), fit: .crop, size: (100, 50), region: (50, 0, 100, 50)),
        Case(source: (50, 200), box: (100, 100), fit: .crop, size: (50, 100), region: (0, 50, 50, 100)),
        Case(source: (80, 50), box: (100, 100), fit: .crop, size: (80, 50)),
        Case(source: (80, 50), box: (40, nil), fit: .crop, size: (40, 25)),
        Case(source: (80, 50), box: (160, nil), fit: .crop, size: (80, 50)),
    ])
    func `sizes and positions of every fit`(_ example: Case) {
        let placement = Placement(
            of: PixelSize(width: example.source.0, height: example.source.1), width: example.box.0,
            height: example.box.1, fit: example.fit)
        #expect(placement.size == PixelSize(width: example.size.0, height: example.size.1))
        let (x, y, width, height) =
            example.region ?? (0, 0, Double(example.source.0), Double(example.source.1))
        #expect(placement.region == SourceRegion(x: x, y: y, width: width, height: height))
        let canvas = example.canvas.map { canvas in
            Placement.Canvas(size: PixelSize(width: canvas.0, height: canvas.1), x: canvas.2, y: canvas.3)
        }
        #expect(placement.canvas == canvas)
    }

    @Test(arguments: [
        ("left", 0.0), ("top-left", 0), ("top", 50), ("center", 50), ("right", 100), ("bottom-right", 100),
        // A focal point is moved to the middle as far as the picture allows.
        ("0.1,0", 0), ("0.25,0", 0), ("0.3,0", 10), ("0.7,1", 90), ("0.8,1", 100),
    ])
    func `gravity moves the crop`(text: String, x: Double) throws {
        let gravity = try #require(Gravity(text))
        for fit in [RenditionRequest.Fit.cover, .crop] {
            let wide = Placement(
                of: PixelSize(width: 200, height: 100), width: 50, height: 50, fit: fit, gravity: gravity)
            #expect(abs(wide.region.x - x) < 1e-9)
            #expect(wide.region.y == 0)
        }
    }

    @Test func `gravity moves a padded picture`() throws {
        let source = PixelSize(width: 100, height: 50)
        for (name, y) in [("top", 0), ("center", 50), ("bottom", 100)] {
            let gravity = try #require(Gravity(name))
            let placement = Placement(of: source, width: 200, height: 200, fit: .pad, gravity: gravity)
            #expect(placement.canvas?.y == y)
            #expect(placement.canvas?.x == 0)
        }
    }

    /// Cuts a part of a picture, and rotates the picture. The part is at the computed position in the rotated picture.
    @Test(arguments: Orientation.allCases)
    func `a region has its position in the rotated picture`(orientation: Orientation) throws {
        let picture = try TestPictures.noise(7, 5, .gray8)
        let region = SourceRegion(x: 1, y: 2, width: 3, height: 2)
        let moved = region.rotated(by: orientation, in: picture.size)
        let part = try Resampler.resample(
            picture, region: region, to: PixelSize(width: 3, height: 2), cancelled: .init())
        let rotated = try QuarterRotation.apply(orientation, to: picture, cancelled: .init())
        let expected = try QuarterRotation.apply(orientation, to: part, cancelled: .init())
        let actual = try Resampler.resample(rotated, region: moved, to: expected.size, cancelled: .init())
        #expect(actual.samples() == expected.samples())
        #expect(moved.rotated(by: orientation.inverse, in: rotated.size) == region)
    }
}
