import ImageModel

/// Reads a rendition out of a query. Names that are not known are no part of it.
enum RenditionQuery {
    /// Nil where the query asks for no rendition: the stored bytes are wanted.
    ///
    /// - Throws: ``Problem`` for a malformed or doubled parameter.
    static func parse(_ query: Query) throws(Problem) -> RenditionRequest? {
        guard query.items.contains(where: { names.contains($0.name) || laterNames.contains($0.name) }) else {
            return nil
        }
        // To ignore what the contract promises for later would send a wrong picture as if it were right.
        if let later = query.items.first(where: { laterNames.contains($0.name) }) {
            throw Problem(.badParameter, "The parameter \(later.name) is not supported by this version.")
        }
        let dpr = try ratio(query)
        let width = try query.number("w", in: 1...maximumSide)
        let height = try query.number("h", in: 1...maximumSide)
        return RenditionRequest(
            width: width.map { scaled($0, by: dpr) }, height: height.map { scaled($0, by: dpr) },
            fit: try query.word("fit", as: RenditionRequest.Fit.self) ?? .scaleDown, format: try format(query),
            quality: try query.number("q", in: 1...100))
    }

    /// Whether the answer depends on Accept.
    static func isNegotiable(_ request: RenditionRequest) -> Bool { request.format == .auto }

    private static let names: Set<String> = ["w", "h", "fit", "format", "q", "dpr"]
    private static let laterNames: Set<String> = [
        "gravity", "bg", "rotate", "flip", "blur", "sharpen", "preset",
    ]
    private static let maximumSide = 8192

    /// CSS pixels times the ratio, never beyond the largest side.
    private static func scaled(_ side: Int, by dpr: Double) -> Int {
        min(max(1, Int((Double(side) * dpr).rounded())), maximumSide)
    }

    private static func ratio(_ query: Query) throws(Problem) -> Double {
        guard let text = try query.text("dpr") else { return 1 }
        let isPlain = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0.isASCIIDigit }
        guard isPlain, let ratio = Double(text), (1...4).contains(ratio) else {
            throw Problem(.badParameter, "The parameter dpr must be a number from 1 to 4.")
        }
        return ratio
    }

    private static func format(_ query: Query) throws(Problem) -> RenditionRequest.Format {
        switch try query.text("format") {
        case nil, "auto": return .auto
        case "original": return .original
        case let name?:
            guard let format = ImageFormat(rawValue: name) else {
                let known = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(.badParameter, "The parameter format must be one of: auto, original, \(known).")
            }
            return .fixed(format)
        }
    }
}
