/// The sides that renditions may have, if they are restricted. Without such a list, one picture has as many renditions
/// as there are widths, and each is rendered and kept.
public struct RenditionSizes: Sendable, Hashable {
    /// In pixels, ascending. Empty: every side is allowed.
    public let sides: [Int]

    /// A list of allowed sides in pixels, in any order; empty: every side is allowed.
    public init(_ sides: [Int] = []) {
        self.sides = sides.sorted()
    }

    /// The box that is rendered for the requested box.
    ///
    /// - If the picture only has to fit into the box, each side becomes the next larger one of the list, or the largest
    ///   if none is as long: the box's shape only affects the size.
    /// - If the box is filled or padded, the longer side does, and the shorter one follows in proportion: with another
    ///   shape, the picture would be cropped differently than the page expects.
    public func snapped(width: Int?, height: Int?, fit: RenditionRequest.Fit) -> (width: Int?, height: Int?) {
        guard let longer = [width, height].compactMap(\.self).max() else { return (nil, nil) }
        switch fit {
        case .scaleDown, .contain: return (width.map(next), height.map(next))
        case .cover, .crop, .pad, .fill:
            let side = next(to: longer)
            // In whole numbers: a rounding error must not decide between two pixels.
            let scale = { (value: Int) in max(1, (2 * value * side + longer) / (2 * longer)) }
            return (width.map(scale), height.map(scale))
        }
    }

    private func next(to side: Int) -> Int { sides.first { $0 >= side } ?? sides.last ?? side }
}
