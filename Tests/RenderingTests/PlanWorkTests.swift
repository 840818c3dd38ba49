import ImageModel
import Rendering
import Testing

/// The cost of a rendition includes its output, not only its input. When only the input counted, thirty large PNGs of a
/// tiny picture cost nothing, and all other clients waited for seconds.
@Suite("The work of a rendition")
struct PlanWorkTests {
    private func work(
        _ side: Int, _ format: ImageFormat, of original: Int = 16, maximumBytes: Int? = nil
    ) throws -> Int {
        let info = ImageInfo(format: .jpeg, size: PixelSize(width: original, height: original))
        let spec = RenditionSpec(
            width: side, height: side, fit: .fill, format: format, quality: format == .png ? nil : 80,
            maximumBytes: maximumBytes)
        return try RenderPlan(info: info, spec: spec, limits: RenderLimits()).workBytes(info: info, spec: spec)
    }

    @Test func theOutputCountsAsWork() throws {
        #expect(try work(4000, .png) > 100 * work(200, .png))
        #expect(try work(4000, .png) > work(100, .png, of: 4000))
    }

    @Test func theFormatOfTheOutputCounts() throws {
        let prices = try [ImageFormat.jpeg, .png, .webp, .avif].map { try work(1000, $0) }
        #expect(prices == prices.sorted() && Set(prices).count == 4)
        // At this size, the server makes a WebP instead of an AVIF.
        #expect(try work(3000, .avif) == work(3000, .webp))
    }

    @Test func severalEncodingRoundsCount() throws {
        #expect(try work(1000, .jpeg, maximumBytes: 10_000) > 2 * work(1000, .jpeg))
    }
}
