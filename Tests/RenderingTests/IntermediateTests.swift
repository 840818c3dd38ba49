import ImageCodecs
import ImageModel
import Rendering
import Testing

@Suite("Intermediates")
struct IntermediateTests {
    private let intermediates = IntermediateRules(side: 512, quality: 90)

    private func info(
        _ width: Int, _ height: Int, _ format: ImageFormat = .jpeg, orientation: Orientation = .upright
    ) -> ImageInfo {
        ImageInfo(format: format, size: PixelSize(width: width, height: height), orientation: orientation)
    }

    private func spec(
        _ width: Int?, _ height: Int? = nil, _ fit: RenditionRequest.Fit = .scaleDown, gravity: Gravity = .center,
        rotation: Orientation = .upright
    ) -> RenditionSpec {
        RenditionSpec(
            width: width, height: height, fit: fit, format: .jpeg, quality: 80, gravity: gravity, rotation: rotation)
    }

    @Test("Only a much larger original that is not transparent and not an animation has an intermediate")
    func whoHasOne() {
        #expect(intermediates.intermediate(of: info(768, 100)) != nil)
        #expect(intermediates.intermediate(of: info(100, 768)) != nil)
        #expect(intermediates.intermediate(of: info(767, 767)) == nil)
        for format in ImageFormat.allCases {
            var picture = info(4000, 3000, format)
            #expect(intermediates.intermediate(of: picture)?.format == .jpeg)
            picture.hasAlpha = true
            #expect(intermediates.intermediate(of: picture) == nil)
            picture.hasAlpha = false
            picture.frames = 2
            #expect(intermediates.intermediate(of: picture) == nil)
        }
    }

    @Test("Exact or nearly exact renditions of an exact original do not use it", arguments: ImageFormat.allCases)
    func exactStaysExact(format: ImageFormat) {
        let original = info(4000, 3000, format)
        let isLossy = format == .jpeg || format == .avif
        func wanted(_ format: ImageFormat, _ quality: Int?) -> RenditionSpec {
            RenditionSpec(width: 100, height: nil, fit: .scaleDown, format: format, quality: quality)
        }
        #expect(intermediates.serves(wanted(.webp, 90), of: original))
        #expect(intermediates.serves(wanted(.webp, 91), of: original) == isLossy)
        #expect(intermediates.serves(wanted(.png, nil), of: original) == isLossy)
    }

    /// An AVIF may state such sides. Their product with twice the width overflows an integer.
    @Test(
        "An original that no decoder takes has none", arguments: [(4_294_967_295, 2_147_483_647), (1 << 30, 1 << 30)])
    func hostile(width: Int, height: Int) {
        #expect(intermediates.intermediate(of: info(width, height, .avif)) == nil)
    }

    @Test(
        "Made at once if one more size saves three times its price, otherwise after twice its price was lost")
    func price() {
        let dear = IntermediateCost(saving: 400, making: 100)
        #expect(dear.isWorthMaking(saved: 0))
        let cheap = IntermediateCost(saving: 20, making: 100)
        #expect(!cheap.isWorthMaking(saved: 187))
        #expect(cheap.isWorthMaking(saved: 188))
        #expect(!IntermediateCost(saving: -5, making: 1).isWorthMaking(saved: 0))
    }

    @Test("For a large progressive original an intermediate pays at once, for a sequential one it does not")
    func priceOfCodings() throws {
        let picture = try TestPictures.photoLike(width: 2048, height: 1536)
        func price(_ coding: JPEGCoding) throws -> IntermediateCost {
            let file = try ImageEncoder.encode(
                picture, format: .jpeg, quality: 85, coding: coding, metadata: nil, cancelled: CancelFlag())
            let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
            let price = intermediates.price(spec(200), file: file.span.bytes, info: info, limits: RenderLimits())
            return try #require(price)
        }
        #expect(try price(.progressive).isWorthMaking(saved: 0))
        let plain = try price(.sequential)
        #expect(!plain.isWorthMaking(saved: 0))
        #expect(!plain.isWorthMaking(saved: 4 * plain.saving))
    }

    @Test("An intermediate is used if it is at least twice as large as needed, as a whole or as a part")
    func whatItServes() {
        let photo = info(2048, 1024)
        #expect(intermediates.serves(spec(256), of: photo))
        #expect(!intermediates.serves(spec(257), of: photo))
        #expect(intermediates.serves(spec(nil, 128), of: photo))
        #expect(!intermediates.serves(spec(nil, 129), of: photo))
        // A square with the full height: 128 pixels of the intermediate's 256.
        #expect(intermediates.serves(spec(128, 128, .cover), of: photo))
        #expect(!intermediates.serves(spec(129, 129, .cover), of: photo))
        // Displayed sides: upright by the orientation of the file, then rotated by the request.
        #expect(intermediates.serves(spec(128), of: info(2048, 1024, orientation: .rotated90)))
        #expect(!intermediates.serves(spec(129), of: info(2048, 1024, orientation: .rotated90)))
        #expect(intermediates.serves(spec(nil, 256, rotation: .rotated90), of: photo))
        #expect(!intermediates.serves(spec(nil, 257, rotation: .rotated90), of: photo))
        // The pixels of the intermediate might move the smart crop. If the whole picture is shown, there is nothing to
        // choose.
        #expect(!intermediates.serves(spec(64, 64, .cover, gravity: .smart), of: photo))
        #expect(intermediates.serves(spec(64, 32, .cover, gravity: .smart), of: photo))
        #expect(!intermediates.serves(spec(nil), of: photo))
    }

    /// Every orientation, and crops with a given position. The rendition from the intermediate is like the rendition
    /// from the original, and has the same size.
    @Test(
        "A rendition from the intermediate looks like one from the original",
        arguments: [Orientation.upright, .rotated90, .mirrored, .mirroredRotated90])
    func sameAsDirect(orientation: Orientation) throws {
        let original = try TestPictures.photoLike(width: 1031, height: 821)
        let file = TestPictures.oriented(
            try ImageEncoder.encode(
                original, format: .jpeg, quality: 92, metadata: nil, cancelled: CancelFlag()), orientation)
        let limits = RenderLimits()
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        #expect(info.orientation == orientation)
        let rung = try #require(intermediates.intermediate(of: info))
        let intermediate = try Renderer.render(
            file.span.bytes, info: info, spec: rung, limits: limits, cancelled: CancelFlag()
        ).bytes
        let rungInfo = try ImageHeader.read(intermediate.span.bytes, limits: limits.codec)
        for spec in [
            spec(169), spec(100, 100, .cover), spec(90, 130, .crop, gravity: .point(x: 200, y: 9000)),
            spec(120, 120, .pad), spec(60, 111, .fill), spec(160, rotation: .rotated270),
        ] {
            #expect(intermediates.serves(spec, of: info))
            let plan = try RenderPlan(info: rungInfo, of: info.displaySize, spec: spec, limits: limits)
            let stepped = try Renderer.render(
                intermediate.span.bytes, info: rungInfo, spec: spec, plan: plan, limits: limits, cancelled: CancelFlag()
            )
            let direct = try Renderer.render(
                file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
            #expect(stepped.size == direct.size)
            let similarity = try StructuralSimilarity.of(stepped.bytes, direct.bytes)
            #expect(similarity >= 0.985, "\(spec.canonicalText)")
        }
    }
}

extension TestPictures {
    /// Details of every size, as in a photo: smaller details are fainter. There are hard edges between parts.
    static func photoLike(width: Int, height: Int) throws -> PixelBuffer {
        func lattice(_ x: Int, _ y: Int, _ seed: Int) -> Double {
            var hash = UInt64(truncatingIfNeeded: x &* 73_856_093 ^ y &* 19_349_663 ^ seed &* 83_492_791)
            hash = (hash ^ hash >> 31) &* 0xBF58_476D_1CE4_E5B9
            return Double(hash >> 40) / Double(1 << 24)
        }
        func smooth(_ x: Double, _ y: Double, _ seed: Int) -> Double {
            let (column, row) = (Int(x), Int(y))
            let (right, down) = (x - x.rounded(.down), y - y.rounded(.down))
            let top = lattice(column, row, seed) * (1 - right) + lattice(column + 1, row, seed) * right
            let bottom = lattice(column, row + 1, seed) * (1 - right) + lattice(column + 1, row + 1, seed) * right
            return top * (1 - down) + bottom * down
        }
        return try make(width, height, .rgb8) { x, y, channel in
            var value = (x / 97 + y / 71) % 2 == 0 ? 20.0 : 0
            var (size, weight) = (256.0, 110.0)
            while size >= 2 {
                value += weight * smooth(Double(x) / size, Double(y) / size, channel / 2 + Int(size))
                (size, weight) = (size / 2, weight / 2)
            }
            return UInt8(min(max(value, 0), 255))
        }
    }

    /// The JPEG with an EXIF segment that states its orientation.
    static func oriented(_ jpeg: [UInt8], _ orientation: Orientation) -> [UInt8] {
        let tiff: [UInt8] = [
            0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.rawValue, 0, 0, 0, 0, 0,
            0,
        ]
        let body = Array("Exif".utf8) + [0, 0] + tiff
        return Array(jpeg[..<2]) + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + jpeg[2...]
    }
}

/// The mean structural similarity of the luma of two files: Wang et al. 2004, in windows of 7x7 with equal weights.
private enum StructuralSimilarity {
    static func of(_ one: [UInt8], _ other: [UInt8]) throws -> Double {
        let (a, b) = (try luma(one), try luma(other))
        let (c1, c2) = (6.5025, 58.5225)
        let side = 7
        var (sum, count) = (0.0, 0)
        for top in 0...(a.height - side) {
            for left in 0...(a.width - side) {
                var (sa, sb, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0)
                for y in top..<(top + side) {
                    for x in left..<(left + side) {
                        let (p, q) = (a.values[y * a.width + x], b.values[y * a.width + x])
                        sa += p
                        sb += q
                        aa += p * p
                        bb += q * q
                        ab += p * q
                    }
                }
                let n = Double(side * side)
                let (ma, mb) = (sa / n, sb / n)
                let (va, vb, cov) = (aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb)
                sum += (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
                count += 1
            }
        }
        return sum / Double(count)
    }

    private static func luma(_ file: [UInt8]) throws -> (values: [Double], width: Int, height: Int) {
        let limits = CodecLimits()
        let info = try ImageHeader.read(file.span.bytes, limits: limits)
        let picture = try ImageDecoder.decode(
            file.span.bytes, info: info, scaleDenominator: 1, limits: limits, cancelled: CancelFlag())
        let samples = picture.samples()
        let values = (0..<info.size.pixels).map { (place: Int) -> Double in
            let red = 0.299 * Double(samples[3 * place])
            let green = 0.587 * Double(samples[3 * place + 1])
            return red + green + 0.114 * Double(samples[3 * place + 2])
        }
        return (values, info.size.width, info.size.height)
    }
}
