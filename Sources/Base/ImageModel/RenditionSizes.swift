/// The sides that renditions may have, where they are not free: without such a list one picture has as many renditions
/// as there are widths, and each is rendered and kept.
public struct RenditionSizes: Sendable, Hashable {
    /// In pixels, ascending. Empty: every side may be had.
    public let sides: [Int]

    /// A list of allowed sides in pixels, in any order; empty: every side is allowed.
    public init(_ sides: [Int] = []) {
        self.sides = sides.sorted()
    }

    /// The box that is rendered for the box that was asked for.
    ///
    /// Of a box that the picture only has to fit into, each side becomes the next one of the list, or the largest where
    /// none is as long: its shape decides nothing but the size. Of one that is filled or padded the longer side does,
    /// and the shorter one follows in proportion: with the shape changed, the picture would be cut elsewhere than the
    /// page was laid out for.
    public func snapped(width: Int?, height: Int?, fit: RenditionRequest.Fit) -> (width: Int?, height: Int?) {
        guard let longer = [width, height].compactMap(\.self).max() else { return (nil, nil) }
        switch fit {
        case .scaleDown, .contain: return (width.map(next), height.map(next))
        case .cover, .crop, .pad, .fill:
            let side = next(to: longer)
            // In whole numbers: a fraction's last bit must not decide between two pixels.
            let scale = { (value: Int) in max(1, (2 * value * side + longer) / (2 * longer)) }
            return (width.map(scale), height.map(scale))
        }
    }

    private func next(to side: Int) -> Int { sides.first { $0 >= side } ?? sides.last ?? side }
}
