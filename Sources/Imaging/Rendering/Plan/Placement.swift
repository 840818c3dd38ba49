import ImageModel

/// Which part of a picture is shown, at which size and position: the arithmetic of `fit` and `gravity`, for a picture
/// as it is seen.
struct Placement: Hashable {
    /// The part that is shown.
    var region: SourceRegion
    /// The size that this part gets.
    var size: PixelSize
    /// The whole rendition if the picture does not fill it, and the column and row of the picture's corner in it.
    var canvas: Canvas?

    struct Canvas: Hashable {
        var size: PixelSize
        var x: Int
        var y: Int
    }

    /// Fits a picture of `source` pixels into a box; nil leaves a side free.
    ///
    /// Products of two sides are exact: sides of files have at most 32 bits, those of boxes 13.
    init(
        of source: PixelSize, width: Int?, height: Int?, fit: RenditionRequest.Fit, gravity: Gravity = .center
    ) {
        region = SourceRegion(x: 0, y: 0, width: Double(source.width), height: Double(source.height))
        canvas = nil
        guard let width, let height else {
            size =
                switch fit {
                case .scaleDown, .crop: Self.sizeInside(of: source, width: width, height: height)
                case .contain, .cover, .pad, .fill: Self.sizeAlong(of: source, width: width, height: height)
                }
            return
        }
        switch fit {
        case .scaleDown:
            size = Self.sizeInside(of: source, width: width, height: height)
        case .contain:
            size = Self.sizeFitted(of: source, width: width, height: height)
        case .fill:
            size = PixelSize(width: width, height: height)
        case .pad:
            size = Self.sizeFitted(of: source, width: width, height: height)
            let whole = PixelSize(width: width, height: height)
            if size != whole {
                let (x, y) = Self.fractions(of: gravity)
                canvas = Canvas(
                    size: whole, x: (width - size.width) * x / Gravity.scale,
                    y: (height - size.height) * y / Gravity.scale)
            }
        case .cover:
            size = PixelSize(width: width, height: height)
            region = Self.region(of: source, width: width, height: height, gravity: gravity)
        case .crop where width <= source.width && height <= source.height:
            size = PixelSize(width: width, height: height)
            region = Self.region(of: source, width: width, height: height, gravity: gravity)
        case .crop:
            // Filling the box would need an enlargement: at full size, what exceeds the box is cut off.
            size = PixelSize(width: min(width, source.width), height: min(height, source.height))
            region = Self.region(
                of: source, keeping: (Double(size.width), Double(size.height)), gravity: gravity)
        }
        region = region.aligned(to: size)
    }

    /// The largest size with the picture's proportions that fits into the box without enlarging.
    private static func sizeInside(of source: PixelSize, width: Int?, height: Int?) -> PixelSize {
        sizeFitted(
            of: source, width: min(width ?? source.width, source.width),
            height: min(height ?? source.height, source.height))
    }

    /// The largest size with the picture's proportions that fits into the box.
    private static func sizeFitted(of source: PixelSize, width: Int, height: Int) -> PixelSize {
        // The side that needs the stronger reduction decides: compares width / source.width with the other ratio,
        // multiplied out.
        if width * source.height <= height * source.width {
            return PixelSize(width: width, height: min(height, scaled(source.height, by: width, over: source.width)))
        }
        return PixelSize(width: min(width, scaled(source.width, by: height, over: source.height)), height: height)
    }

    /// One side as requested, the other by the picture's proportions; enlarges if needed.
    private static func sizeAlong(of source: PixelSize, width: Int?, height: Int?) -> PixelSize {
        if let width {
            return PixelSize(width: width, height: scaled(source.height, by: width, over: source.width))
        }
        if let height {
            return PixelSize(width: scaled(source.width, by: height, over: source.height), height: height)
        }
        return source
    }

    /// The largest part of the picture with the proportions of the box.
    private static func region(of source: PixelSize, width: Int, height: Int, gravity: Gravity) -> SourceRegion {
        let (fullWidth, fullHeight) = (Double(source.width), Double(source.height))
        if width * source.height >= height * source.width {
            let kept = min(fullHeight, fullWidth * Double(height) / Double(width))
            return region(of: source, keeping: (fullWidth, kept), gravity: gravity)
        }
        let kept = min(fullWidth, fullHeight * Double(width) / Double(height))
        return region(of: source, keeping: (kept, fullHeight), gravity: gravity)
    }

    /// A part of this size centred on the point of gravity, or as near to it as possible.
    private static func region(
        of source: PixelSize, keeping kept: (width: Double, height: Double), gravity: Gravity
    ) -> SourceRegion {
        func start(_ full: Int, _ kept: Double, _ fraction: Int) -> Double {
            let middle = Double(full) * Double(fraction) / Double(Gravity.scale)
            return min(max(0, middle - kept / 2), Double(full) - kept)
        }
        let (x, y) = fractions(of: gravity)
        return SourceRegion(
            x: start(source.width, kept.width, x), y: start(source.height, kept.height, y), width: kept.width,
            height: kept.height)
    }

    /// The attention is not known here; until it is, the middle is used.
    private static func fractions(of gravity: Gravity) -> (x: Int, y: Int) {
        switch gravity {
        case .point(let x, let y): (min(max(0, x), Gravity.scale), min(max(0, y), Gravity.scale))
        case .smart: (Gravity.scale / 2, Gravity.scale / 2)
        }
    }

    /// `side * numerator / denominator`, rounded to the nearest, halves up, at least 1.
    private static func scaled(_ side: Int, by numerator: Int, over denominator: Int) -> Int {
        max(1, (2 * side * numerator + denominator) / (2 * denominator))
    }
}
