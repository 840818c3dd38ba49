/// The colour that covers most of a picture.
public struct DominantColor: Sendable, Hashable {
    /// sRGB, 0 to 255 each.
    public var red: UInt8
    /// As ``red``.
    public var green: UInt8
    /// As ``red``.
    public var blue: UInt8

    /// A colour from its channels.
    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// As in CSS: `#rrggbb`.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = [red, green, blue].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "#" + String(decoding: text, as: UTF8.self)
    }

    /// Counts the pixels in 8 x 8 x 8 equal cells of the RGB cube, each pixel weighted by its alpha, and returns the
    /// mean of the heaviest cell. A cell's six neighbours count half, so that an area of one colour is not missed
    /// because it crosses the border of cells. Of equal cells the darkest one is taken.
    ///
    /// Meant for a small picture in sRGB (100 pixels per side are plenty); time and result depend only on its pixels.
    /// Nil if every pixel is fully transparent.
    public static func of(_ picture: borrowing PixelBuffer) -> DominantColor? {
        var cells = [Cell](repeating: Cell(), count: 512)
        SamplePixels.forEach(picture) { red, green, blue, alpha in
            let cell = Int(red >> 5) << 6 | Int(green >> 5) << 3 | Int(blue >> 5)
            cells[cell].add(red, green, blue, weight: Int(alpha))
        }
        var best: (cell: Int, score: Int)?
        for cell in cells.indices where cells[cell].weight > 0 {
            let score = 2 * cells[cell].weight + neighbours(of: cell).reduce(0) { $0 + cells[$1].weight }
            if score > best?.score ?? 0 { best = (cell, score) }
        }
        return best.map { cells[$0.cell].mean }
    }

    private struct Cell {
        var weight = 0
        var red = 0
        var green = 0
        var blue = 0

        mutating func add(_ red: UInt8, _ green: UInt8, _ blue: UInt8, weight added: Int) {
            weight += added
            self.red += Int(red) * added
            self.green += Int(green) * added
            self.blue += Int(blue) * added
        }

        /// Rounded. Only for a cell with a weight.
        var mean: DominantColor {
            func average(_ sum: Int) -> UInt8 { UInt8((sum + weight / 2) / weight) }
            return DominantColor(red: average(red), green: average(green), blue: average(blue))
        }
    }

    private static func neighbours(of cell: Int) -> [Int] {
        [6, 3, 0].flatMap { shift -> [Int] in
            let place = cell >> shift & 7
            let step = 1 << shift
            return (place > 0 ? [cell - step] : []) + (place < 7 ? [cell + step] : [])
        }
    }
}
