public import ImageModel

/// Reads a rendition from a query. Unknown names are ignored.
public enum RenditionQuery {
    /// Nil if the query asks for no rendition, but for the stored bytes.
    ///
    /// - Parameter hints: Values for parameters that the query does not have; only hints of its ``Variance``.
    /// - Throws: ``RequestError`` for a malformed or repeated parameter, and for what the rules do not allow.
    public static func parse(
        _ query: Query, _ rules: RenditionRules, hints: ClientHints = ClientHints()
    ) throws(RequestError) -> RenditionRequest? {
        guard asksForRendition(query) else { return nil }
        try rules.judge(query)
        // From here on the preset is replaced by its parameters, so it has no cache entry or ETag of its own.
        let query = try rules.writtenOut(query)
        let width = try query.number("w", in: 1...maximumSide)
        let height = try query.number("h", in: 1...maximumSide)
        // Both sides by the same factor, and neither beyond the largest side: the box keeps its aspect ratio.
        let dpr = min(
            try ratio(query) ?? Double(hints.dpr ?? 1), Double(maximumSide) / Double(max(width ?? 1, height ?? 1)))
        let fit = try query.word("fit", as: RenditionRequest.Fit.self) ?? .scaleDown
        let box = rules.sizes.snapped(
            width: width.map { scaled($0, by: dpr) } ?? hints.width, height: height.map { scaled($0, by: dpr) },
            fit: fit)
        return RenditionRequest(
            width: box.width, height: box.height, fit: fit,
            gravity: try gravity(query), format: try format(query),
            quality: try query.number("q", in: 1...100), background: try background(query),
            rotation: try orientation(query),
            blur: try strength(query, "blur", in: RenditionRequest.blurRange).map { $0 * dpr },
            sharpen: try strength(query, "sharpen", in: RenditionRequest.sharpenRange), pixelRatio: dpr,
            isStill: try isStill(query),
            maximumBytes: try query.number("max_bytes", in: RenditionRequest.maximumBytesRange))
    }

    /// Whether a query asks for a rendition, well formed or not.
    static func asksForRendition(_ query: Query) -> Bool {
        query.items.contains { names.contains($0.name) || $0.name == presetName }
    }

    /// Every parameter that describes the rendition itself.
    static let names: Set<String> = [
        "w", "h", "fit", "gravity", "format", "q", "dpr", "bg", "rotate", "flip", "blur", "sharpen", "frame",
        "max_bytes",
    ]
    /// The parameter that stands for others.
    static let presetName = "preset"
    static let maximumSide = 8192

    /// CSS pixels times the ratio.
    private static func scaled(_ side: Int, by dpr: Double) -> Int { Int((Double(side) * dpr).rounded()) }

    private static func ratio(_ query: Query) throws(RequestError) -> Double? {
        guard let text = try query.text("dpr") else { return nil }
        guard let ratio = plainNumber(text), (1...4).contains(ratio) else {
            throw RequestError.badParameter("The parameter dpr must be a number from 1 to 4.")
        }
        return ratio
    }

    private static func gravity(_ query: Query) throws(RequestError) -> Gravity {
        guard let text = try query.text("gravity") else { return .center }
        guard let gravity = Gravity(text) else {
            throw RequestError.badParameter(
                "The parameter gravity must be center, top, bottom, left, right, top-left, top-right, bottom-left, "
                    + "bottom-right, smart, or two numbers from 0 to 1 with a comma between them.")
        }
        return gravity
    }

    private static func background(_ query: Query) throws(RequestError) -> Color? {
        guard let text = try query.text("bg") else { return nil }
        guard let color = Color(hexadecimal: text) else {
            throw RequestError.badParameter(
                "The parameter bg must be a hexadecimal colour: rgb, rgba, rrggbb or rrggbbaa.")
        }
        return color
    }

    /// Rotated first, then flipped.
    private static func orientation(_ query: Query) throws(RequestError) -> Orientation {
        let rotation: Orientation =
            switch try query.text("rotate") {
            case nil, "0": .upright
            case "90": .rotated90
            case "180": .rotated180
            case "270": .rotated270
            default: throw RequestError.badParameter("The parameter rotate must be one of: 0, 90, 180, 270.")
            }
        guard let flip = try query.word("flip", as: Flip.self) else { return rotation }
        return rotation.followed(by: flip.orientation)
    }

    /// Only the first frame of an animation can be requested alone.
    private static func isStill(_ query: Query) throws(RequestError) -> Bool {
        switch try query.text("frame") {
        case nil: return false
        case "0": return true
        default: throw RequestError.badParameter("The parameter frame must be 0.")
        }
    }

    private static func strength(
        _ query: Query, _ name: String, in range: ClosedRange<Double>
    ) throws(RequestError) -> Double? {
        guard let text = try query.text(name) else { return nil }
        guard let value = plainNumber(text), range.contains(value) else {
            throw RequestError.badParameter(
                "The parameter \(name) must be a number from \(Int(range.lowerBound)) to \(Int(range.upperBound)).")
        }
        return value
    }

    /// Digits and a point: Swift's own number parsing also accepts `nan` and `0x1`.
    static func plainNumber(_ text: String) -> Double? {
        let isPlain = text.utf8.allSatisfy {
            $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return isPlain ? Double(text) : nil
    }

    private static func format(_ query: Query) throws(RequestError) -> RenditionRequest.Format {
        switch try query.text("format") {
        case nil, "auto": return .auto
        case "original": return .original
        case let name?:
            guard let format = ImageFormat(rawValue: name) else {
                let known = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw RequestError.badParameter("The parameter format must be one of: auto, original, \(known).")
            }
            return .fixed(format)
        }
    }
}
