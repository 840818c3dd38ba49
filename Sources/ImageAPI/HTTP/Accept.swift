import HTTPTypes
import ImageModel

/// What an Accept header says about the formats that can be sent (RFC 9110, section 12.5.1). Reduced to one format
/// before it is part of any key.
struct Accept: Sendable, Hashable {
    /// How gladly the client takes the formats that have to be named: 0 where they are not. `*/*` and `image/*` name no
    /// format.
    private let avif: Double
    private let webp: Double
    private let base: Double

    init(_ headers: HTTPFields) {
        var named: [String: Double] = [:]
        for element in headers[values: .accept].joined(separator: ",").split(separator: ",") {
            let parts = element.split(separator: ";")
            guard let type = parts.first?.trimmingBlanks().lowercased() else { continue }
            named[type] = parts.dropFirst().compactMap(Self.weight).first ?? 1
        }
        avif = named["image/avif"] ?? 0
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

    /// The format for `format=auto`: what is taken most gladly of AVIF and WebP, where they are named, and the base,
    /// which is the stored format where that is JPEG or PNG, and otherwise what can hold its transparency. Among equals
    /// AVIF goes before WebP, and WebP before the base.
    func choose(for stored: ImageFormat, hasAlpha: Bool) -> ImageFormat {
        if avif > 0, avif >= max(webp, base) { return .avif }
        if webp > 0, webp >= base { return .webp }
        switch stored {
        case .jpeg, .png: return stored
        case .webp, .avif: return hasAlpha ? .png : .jpeg
        }
    }
}
