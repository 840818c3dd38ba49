import ImageModel

/// Which part of a picture is shown, and at which size: the arithmetic of `fit`, without regard to orientation.
struct Placement: Hashable {
    var region: SourceRegion
    var size: PixelSize

    /// Fits a picture of `source` pixels into a box; nil leaves a side free.
    ///
    /// Products of two sides stay exact: sides of files have 32 bits at most, those of boxes 13.
    init(of source: PixelSize, width: Int?, height: Int?, fit: RenditionRequest.Fit) {
        let whole = SourceRegion(x: 0, y: 0, width: Double(source.width), height: Double(source.height))
        switch fit {
        case .scaleDown:
            self.init(region: whole, size: Self.sizeInside(of: source, width: width, height: height))
        case .cover:
            guard let width, let height else {
                self.init(region: whole, size: Self.sizeAlong(of: source, width: width, height: height))
                return
            }
            self.init(
                region: Self.centredRegion(of: source, width: width, height: height),
                size: PixelSize(width: width, height: height))
        }
    }

    private init(region: SourceRegion, size: PixelSize) {
        self.region = region
        self.size = size
    }

    /// The largest size with the picture's proportions that fits in the box and does not enlarge.
    private static func sizeInside(of source: PixelSize, width: Int?, height: Int?) -> PixelSize {
        let width = min(width ?? source.width, source.width)
        let height = min(height ?? source.height, source.height)
        // The side that asks for the stronger reduction decides: compare width / source.width with the other,
        // multiplied out.
        if width * source.height <= height * source.width {
            return PixelSize(width: width, height: scaled(source.height, by: width, over: source.width))
        }
        return PixelSize(width: scaled(source.width, by: height, over: source.height), height: height)
    }

    /// One side as asked, the other by the picture's proportions; enlarges where needed.
    private static func sizeAlong(of source: PixelSize, width: Int?, height: Int?) -> PixelSize {
        if let width {
            return PixelSize(width: width, height: scaled(source.height, by: width, over: source.width))
        }
        if let height {
            return PixelSize(width: scaled(source.width, by: height, over: source.height), height: height)
        }
        return source
    }

    /// The largest centred part of the picture with the proportions of the box.
    private static func centredRegion(of source: PixelSize, width: Int, height: Int) -> SourceRegion {
        let (fullWidth, fullHeight) = (Double(source.width), Double(source.height))
        if width * source.height >= height * source.width {
            let kept = min(fullHeight, fullWidth * Double(height) / Double(width))
            return SourceRegion(x: 0, y: (fullHeight - kept) / 2, width: fullWidth, height: kept)
        }
        let kept = min(fullWidth, fullHeight * Double(width) / Double(height))
        return SourceRegion(x: (fullWidth - kept) / 2, y: 0, width: kept, height: fullHeight)
    }

    /// `side * numerator / denominator`, rounded to the nearest, halves up, at least 1.
    private static func scaled(_ side: Int, by numerator: Int, over denominator: Int) -> Int {
        max(1, (2 * side * numerator + denominator) / (2 * denominator))
    }
}
