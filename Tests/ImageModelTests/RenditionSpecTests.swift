import ImageModel
import Testing

@Suite struct RenditionSpecTests {
    private func spec(_ request: RenditionRequest, _ format: ImageFormat = .webp) -> RenditionSpec {
        RenditionSpec(request, format: format, defaultQuality: 80)
    }

    /// Pairs of requests with the same result.
    @Test(arguments: [
        (RenditionRequest(fit: .cover), RenditionRequest()),
        (RenditionRequest(width: 9, fit: .cover), RenditionRequest(width: 9, fit: .contain)),
        (RenditionRequest(height: 9, fit: .crop), RenditionRequest(height: 9)),
        (RenditionRequest(width: 9, gravity: .smart), RenditionRequest(width: 9)),
        (
            RenditionRequest(width: 9, height: 9, fit: .fill, gravity: .smart),
            RenditionRequest(width: 9, height: 9, fit: .fill)
        ),
        (
            RenditionRequest(width: 9, height: 9, fit: .pad, gravity: .smart),
            RenditionRequest(width: 9, height: 9, fit: .pad)
        ),
        (RenditionRequest(blur: 0, sharpen: 0), RenditionRequest()),
        (RenditionRequest(blur: 1.001), RenditionRequest(blur: 1)),
        (RenditionRequest(pixelRatio: 2), RenditionRequest()),
        (RenditionRequest(background: .clear), RenditionRequest()),
        (RenditionRequest(quality: 80), RenditionRequest()),
    ])
    func `parameters without an effect are left out`(one: RenditionRequest, other: RenditionRequest) {
        #expect(spec(one) == spec(other))
        #expect(spec(one).canonicalText == spec(other).canonicalText)
    }

    @Test func `a format without transparency has opaque backgrounds`() {
        let half = Color(red: 0, green: 0, blue: 0, alpha: 128)
        #expect(spec(RenditionRequest(background: half), .jpeg).background == Color(red: 127, green: 127, blue: 127))
        #expect(spec(RenditionRequest(background: .white), .jpeg) == spec(RenditionRequest(), .jpeg))
        #expect(spec(RenditionRequest(background: half)).background == half)
        // The background next to a padded picture: transparent differs from white.
        let padded = RenditionRequest(width: 9, height: 9, fit: .pad, background: .clear)
        #expect(spec(padded).background == .clear)
    }

    /// Each parameter makes a different rendition with a different text.
    @Test func `each parameter with an effect makes another text`() {
        let box = RenditionRequest(width: 9, height: 8)
        var all = RenditionRequest.Fit.allCases.map { fit in
            var request = box
            request.fit = fit
            return request
        }
        for gravity in [Gravity.smart, .point(x: 0, y: 1), .point(x: 1, y: 0)] {
            all.append(RenditionRequest(width: 9, height: 8, fit: .cover, gravity: gravity))
        }
        all += Orientation.allCases.dropFirst().map { RenditionRequest(width: 9, height: 8, rotation: $0) }
        all += [
            RenditionRequest(width: 9, height: 8, background: .white), RenditionRequest(width: 9, height: 8, blur: 1),
            RenditionRequest(width: 9, height: 8, blur: 10), RenditionRequest(width: 9, height: 8, sharpen: 1),
            RenditionRequest(width: 9, height: 8, sharpen: 1, pixelRatio: 2),
            RenditionRequest(width: 9, height: 8, isStill: true),
            RenditionRequest(width: 9, height: 8, maximumBytes: 100),
            RenditionRequest(width: 9, height: 8, maximumBytes: 1000),
            RenditionRequest(width: 9, height: 8, quality: 1), RenditionRequest(width: 8, height: 9),
        ]
        #expect(Set(all.map { spec($0) }).count == all.count)
        #expect(Set(all.map { spec($0).canonicalText }).count == all.count)
    }
}
