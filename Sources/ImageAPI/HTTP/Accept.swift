import HTTPTypes
import ImageModel

/// What an Accept header says about the formats that can be sent (RFC 9110, section 12.5.1). Reduced to one format
/// before it is part of any key.
struct Accept: Sendable, Hashable {
    /// Whether the client names WebP at a quality above 0. `*/*` and `image/*` name no format.
    private let webp: Double
    private let base: Double

    init(_ headers: HTTPFields) {
        var named: [String: Double] = [:]
        for element in headers[values: .accept].joined(separator: ",").split(separator: ",") {
            let parts = element.split(separator: ";")
            guard let type = parts.first?.trimmingBlanks().lowercased() else { continue }
            named[type] = parts.dropFirst().compactMap(Self.weight).first ?? 1
        }
        webp = named["image/webp"] ?? 0
        // What is not named may be sent; the wildcards say how gladly.
        let wildcard = named["image/*"] ?? named["*/*"] ?? 1
        base = max(named["image/jpeg"] ?? wildcard, named["image/png"] ?? wildcard)
    }

    private static func weight(_ parameter: Substring) -> Double? {
        let halves = parameter.split(separator: "=", maxSplits: 1)
        guard halves.count == 2, halves[0].trimmingBlanks().lowercased() == "q" else { return nil }
        return Double(halves[1].trimmingBlanks()).flatMap { (0...1).contains($0) ? $0 : nil }
    }

    /// The format for `format=auto`: WebP where it is named no worse than the base, else the base, which is the stored
    /// format where that is JPEG or PNG, and otherwise what can hold its transparency.
    func choose(for stored: ImageFormat, hasAlpha: Bool) -> ImageFormat {
        if webp > 0, webp >= base || base == 0 { return .webp }
        switch stored {
        case .jpeg, .png: return stored
        case .webp, .avif: return hasAlpha ? .png : .jpeg
        }
    }
}
