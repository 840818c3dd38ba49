import ImageModel
import Testing

@testable import ImageCodecs

/// Placeholders of generated pictures, compared with the output of other programs for the same pixels: PyPI's
/// `thumbhash` 0.1.2 (with a fix, because it unpacks the alpha channel wrongly) and `blurhash-python` 1.2.2.
@Suite struct PlaceholderTests {
    private static func picture(_ width: Int, _ height: Int, hasAlpha: Bool) throws -> PixelBuffer {
        let layout: PixelBuffer.Layout = hasAlpha ? .rgba8 : .rgb8
        var picture = try PixelBuffer(width: width, height: height, layout: layout)
        let channels = layout.bytesPerPixel
        picture.withMutableSamples { samples in
            for y in 0..<height {
                for x in 0..<width {
                    let at = (y * width + x) * channels
                    samples[at] = UInt8(x * 255 / max(1, width - 1))
                    samples[at + 1] = UInt8(y * 255 / max(1, height - 1))
                    samples[at + 2] = UInt8((x * 7 + y * 13) % 256)
                    if hasAlpha { samples[at + 3] = (x + y) % 5 == 0 ? 0 : UInt8((x * y * 3 + 40) % 256) }
                }
            }
        }
        return picture
    }

    @Test(
        arguments: [
            (32, 32, false, "e0070a3f1a70877770888778767785789887170979808f07"),
            (100, 50, false, "df070a349a808777707777787877708007f878"),
            (24, 75, false, "e0070a321a70708877777887808007f878"),
            (13, 6, false, "9bf90d239e80878770787888837017f887"),
            (1, 1, false, "000802070000000000000000000000000000000000000000"),
            (40, 30, true, "2008861c8a06708780888876061a98808f0724114427566001"),
            (20, 90, true, "200886110a068081887788808007f8872022958642852a"),
        ])
    func thumbHashesEqualTheReference(width: Int, height: Int, hasAlpha: Bool, expected: String) throws {
        let picture = try Self.picture(width, height, hasAlpha: hasAlpha)
        let hash = ThumbHash.bytes(of: picture)
        let bytes = try #require(hash)
        let digits = Array("0123456789abcdef")
        #expect(String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) == expected)
    }

    @Test(
        arguments: [
            (32, 32, 4, 3, "L$HetX2owuX8l}WBjve=gLfgfMfi"), (32, 32, 1, 1, "00HetX"),
            (32, 32, 3, 5, "c$HetX2owul}WBjvgLfgfMnjWjjwf4fTfV"), (100, 50, 4, 3, "L%HVC*2X$6Sel|azjsf7gdfPfRfP"),
            (24, 75, 3, 5, "c$HoB@2swvhnaefRgdfhfOi|axfRf+fOfO"), (1, 1, 4, 3, "L00000fQfQfQfQfQfQfQfQfQfQfQ"),
            (
                7, 3, 9, 9,
                "|~IFX67ZWoxrJk$~Jk$~Jk*-Nba|r[SMr[SMr[SMddeqfQeqfQepfQepfQ.fOna|t5SLt5SLt5SLddeqfQeqfQepfQepfQ*-Nba|r["
                    + "SMr[SMr[SM~k7ZWoxrJk$~Jk$~Jk*-Nba|r[SMr[SMr[SMddeqfQeqfQepfQepfQ"
            ),
        ])
    func blurHashesEqualTheReference(width: Int, height: Int, across: Int, down: Int, expected: String) throws {
        let picture = try Self.picture(width, height, hasAlpha: false)
        let text = BlurHash.text(of: picture, across: across, down: down)
        #expect(text == expected)
    }

    @Test func limitsOfPlaceholders() throws {
        let picture = try Self.picture(101, 2, hasAlpha: false)
        let tooWide = ThumbHash.bytes(of: picture)
        #expect(tooWide == nil)
        let high = ThumbHash.bytes(of: try Self.picture(2, 100, hasAlpha: true))
        #expect(high != nil)
        for (across, down) in [(0, 3), (4, 10), (10, 4), (4, 0)] {
            let text = BlurHash.text(of: picture, across: across, down: down)
            #expect(text == nil)
        }
    }

    @Test func greyAndTransparentPicturesHavePlaceholders() throws {
        var gray = try PixelBuffer(width: 4, height: 4, layout: .gray8)
        gray.withMutableSamples { for index in 0..<16 { $0[index] = 188 } }
        let grayText = BlurHash.text(of: gray, across: 1, down: 1)
        #expect(grayText == "00Lqe9")
        let grayColor = DominantColor.of(gray)
        #expect(grayColor?.hex == "#bcbcbc")
        // Nothing is visible: BlurHash, which has no alpha, gets white, and there is no dominant colour.
        let clear = try PixelBuffer(width: 4, height: 4, layout: .rgba8)
        let clearText = BlurHash.text(of: clear, across: 1, down: 1)
        #expect(clearText == "00TSUA")
        let clearColor = DominantColor.of(clear)
        #expect(clearColor == nil)
        let clearHash = ThumbHash.bytes(of: clear)
        #expect(clearHash?.count == 25)
    }

    @Test func theDominantColourIsThatOfTheLargestArea() throws {
        var picture = try PixelBuffer(width: 10, height: 10, layout: .rgba8)
        func fill(_ picture: inout PixelBuffer, _ rows: Range<Int>, _ color: [UInt8]) {
            picture.withMutableSamples { samples in
                for pixel in rows.lowerBound * 10..<rows.upperBound * 10 {
                    for channel in 0..<4 { samples[pixel * 4 + channel] = color[channel] }
                }
            }
        }
        fill(&picture, 0..<3, [200, 30, 30, 255])
        fill(&picture, 3..<10, [20, 60, 250, 255])
        let largest = DominantColor.of(picture)
        #expect(largest == DominantColor(red: 20, green: 60, blue: 250))
        // Nearly transparent pixels count little.
        fill(&picture, 3..<10, [20, 60, 250, 25])
        let opaque = DominantColor.of(picture)
        #expect(opaque?.hex == "#c81e1e")
        // Two shades on both sides of a cell's border count together.
        fill(&picture, 0..<4, [250, 250, 250, 255])
        fill(&picture, 4..<7, [30, 100, 30, 255])
        fill(&picture, 7..<10, [34, 100, 30, 255])
        let shade = DominantColor.of(picture)
        let color = try #require(shade)
        #expect(color.green == 100 && color.blue == 30)
    }
}
