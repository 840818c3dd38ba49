import ImageModel
import Testing

@testable import ImageCodecs

/// `max_bytes`, the quality scale, and the forms in which PNG is written.
@Suite struct EncodeWithinTests {
    @Test(arguments: [ImageFormat.jpeg, .webp, .avif])
    func theBestQualityThatFitsIsFound(format: ImageFormat) throws {
        let pixels = try TestImages.pixels(width: 96, height: 80, layout: .rgb8)
        let full = try ImageEncoder.encode(pixels, format: format, quality: 85, metadata: nil, cancelled: CancelFlag())
        for limit in [full.count, full.count - 1, full.count * 2 / 3, full.count / 2] {
            let fitted = try ImageEncoder.encode(
                pixels, format: format, quality: 85, maximumBytes: limit, metadata: nil, cancelled: CancelFlag())
            #expect(fitted.bytes.count <= limit)
            #expect(fitted.tries <= ImageEncoder.maximumTries)
            let quality = try #require(fitted.quality)
            #expect((fitted.bytes == full) == (limit == full.count))
            // A slightly higher quality would be too large, or at most a twentieth of the limit is unused.
            let more = min(85, quality + 8)
            let next = try ImageEncoder.encode(
                pixels, format: format, quality: more, metadata: nil, cancelled: CancelFlag())
            let isNear = fitted.bytes.count >= limit - limit / 20
            #expect(more == 85 || isNear || next.count > limit, "\(limit): \(fitted.bytes.count) at \(quality)")
        }
        #expect(throws: CodecError.self) {
            _ = try ImageEncoder.encode(
                pixels, format: format, quality: 85, maximumBytes: 60, metadata: nil, cancelled: CancelFlag())
        }
    }

    @Test func pngIsRejectedIfItDoesNotFit() throws {
        let pixels = try TestImages.pixels(width: 30, height: 20, layout: .rgb8)
        let full = try ImageEncoder.encode(pixels, format: .png, quality: nil, metadata: nil, cancelled: CancelFlag())
        let fitted = try ImageEncoder.encode(
            pixels, format: .png, quality: nil, maximumBytes: full.count, metadata: nil, cancelled: CancelFlag())
        #expect(fitted.bytes == full && fitted.quality == nil && fitted.tries == 1)
        let limit = full.count - 1
        #expect(throws: CodecError.self) {
            _ = try ImageEncoder.encode(
                pixels, format: .png, quality: nil, maximumBytes: limit, metadata: nil, cancelled: CancelFlag())
        }
    }

    @Test func theSearchEndsForEverySize() {
        for wanted in [1, 2, 50, 100] {
            for limit in stride(from: 0, through: 3_000, by: 17) {
                var search = SizeSearch(wanted: wanted, maximumBytes: limit, tries: 7)
                while let next = search.next {
                    #expect((1...wanted).contains(next))
                    // The size grows with quality, as with real encoders.
                    _ = search.record(next, bytes: 100 + next * next / 4)
                }
                #expect(search.count <= 7)
                if 100 + wanted * wanted / 4 <= limit { #expect(search.fitting == wanted && search.count == 1) }
                #expect((search.fitting != nil) == (limit >= 100))
                if let fitting = search.fitting, fitting < wanted {
                    #expect(wanted < 10 || fitting + 8 > wanted || 100 + (fitting + 8) * (fitting + 8) / 4 > limit)
                }
            }
        }
    }

    @Test func qualityGrowsInEveryFormat() {
        for quality in 2...100 {
            #expect(QualityScale.webp(quality) > QualityScale.webp(quality - 1))
            #expect(QualityScale.avif(quality) <= QualityScale.avif(quality - 1))
        }
        #expect(QualityScale.webp(80) == 82 && QualityScale.avif(80) == 22)
        #expect(QualityScale.webp(1) == 0 && QualityScale.webp(100) == 100 && QualityScale.avif(100) == 1)
    }

    /// Bytes 24 and 25 hold depth and colour type.
    @Test func pngUsesTheSmallestLayout() throws {
        func file(_ colors: [[UInt8]], layout: PixelBuffer.Layout) throws -> [UInt8] {
            var pixels = try PixelBuffer(width: colors.count, height: 2, layout: layout)
            pixels.withMutableSamples { samples in
                for index in samples.indices {
                    let channels = layout.bytesPerPixel
                    let color = colors[index / channels % colors.count]
                    samples[index] = color[index % channels]
                }
            }
            let file = try ImageEncoder.encode(
                pixels, format: .png, quality: nil, metadata: nil, cancelled: CancelFlag())
            let decoded = try Picture(decoding: file)
            #expect(decoded.rgb == Picture(pixels).rgb && decoded.alpha == Picture(pixels).alpha)
            return Array(file[24...25])
        }
        #expect(try file([[0], [255]], layout: .gray8) == [1, 0])
        #expect(try file([[0], [85], [170]], layout: .gray8) == [2, 0])
        #expect(try file([[17], [34]], layout: .gray8) == [4, 0])
        #expect(try file([[17], [35]], layout: .gray8) == [8, 0])
        #expect(try file([[7, 7, 7], [9, 9, 9]], layout: .rgb8) == [8, 0])
        #expect(try file([[1, 2, 3], [9, 9, 9]], layout: .rgb8) == [1, 3])
        #expect(try file([[1, 2, 3], [9, 9, 9], [4, 4, 4]], layout: .rgb8) == [2, 3])
        #expect(try file([[1, 2, 3, 255], [9, 9, 9, 0], [9, 9, 9, 7]], layout: .rgba8) == [2, 3])
        #expect(try file([[255, 255, 255, 255], [0, 0, 0, 255]], layout: .rgba8) == [1, 0])
        func colors(_ count: Int, _ color: (Int) -> [Int]) -> [[UInt8]] {
            (0..<count).map { index in color(index).map { UInt8($0) } }
        }
        let many = colors(257) { [$0 & 255, $0 >> 8, 7, 255] }
        #expect(try file(Array(many.prefix(256)), layout: .rgba8) == [8, 3])
        #expect(try file(many, layout: .rgba8) == [8, 2])
        let clear = colors(300) { [$0 & 255, $0 >> 8, 7, $0 % 2] }
        #expect(try file(clear, layout: .rgba8) == [8, 6])
        let gray = colors(300) { [$0 & 255, $0 & 255, $0 & 255, $0 / 2] }
        #expect(try file(gray, layout: .rgba8) == [8, 4])
    }

    @Test func webpIsScaledWhileItIsDecoded() throws {
        for layout in [PixelBuffer.Layout.rgb8, .rgba8] {
            let file = try TestImages.file(.webp, width: 128, height: 96, layout: layout, quality: 95)
            let whole = try Picture(decoding: file)
            for scale in [2, 4, 8] {
                let small = try Picture(decoding: file, scale: scale)
                #expect(small.width == 128 / scale && small.height == 96 / scale)
                var sums = 0
                for y in 0..<small.height {
                    for x in 0..<small.width {
                        var sum = 0
                        for dy in 0..<scale {
                            for dx in 0..<scale { sum += Int(whole[x * scale + dx, y * scale + dy].first ?? 0) }
                        }
                        sums += abs(sum / (scale * scale) - Int(small[x, y].first ?? 0))
                    }
                }
                #expect(Double(sums) / Double(small.width * small.height) < 6, "\(layout) \(scale)")
            }
        }
        #expect(try Picture(decoding: TestImages.file(.webp, width: 33, height: 17), scale: 4).width == 9)
    }
}
