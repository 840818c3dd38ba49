/// The sides that renditions may have, where they are not free: without such a list one picture has as many renditions
/// as there are widths, and each is rendered and kept.
public struct RenditionSizes: Sendable, Hashable {
    /// In pixels, ascending. Empty: every side may be had.
    public let sides: [Int]

    public init(_ sides: [Int] = []) {
        self.sides = sides.sorted()
    }

    /// The box that is rendered for the box that was asked for.
    ///
    /// Its longer side becomes the next one of the list, or the largest where none is as long. The shorter side follows
    /// in proportion: with the shape changed, a picture that fills its box would be cut elsewhere than the page was laid
    /// out for. It is the longer side that counts, since no rendition is then larger than the list allows.
    public func snapped(width: Int?, height: Int?) -> (width: Int?, height: Int?) {
        guard let longer = [width, height].compactMap(\.self).max(), let side = next(to: longer) else {
            return (width, height)
        }
        // In whole numbers: a fraction's last bit must not decide between two pixels.
        let scale = { (value: Int) in max(1, (2 * value * side + longer) / (2 * longer)) }
        return (width.map(scale), height.map(scale))
    }

    private func next(to side: Int) -> Int? { sides.first { $0 >= side } ?? sides.last }
}
