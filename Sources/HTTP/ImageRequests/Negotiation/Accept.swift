public import HTTPTypes
public import ImageModel
import TextCoding

/// What an Accept header says about the formats that can be sent (RFC 9110, section 12.5.1), reduced to what it
/// changes: AVIF, WebP or the base, for each of the two formats that the base can be. There are nine values in all,
/// whatever browsers write, so it may be part of a key.
public struct Accept: Sendable, Hashable {
    private enum Choice: UInt8, Sendable, Hashable {
        case avif, webp, base
    }

    private let overJPEG: Choice
    private let overPNG: Choice

    /// Reads Accept; without the field everything is accepted.
    public init(_ headers: HTTPFields) {
        let weights = Weights(headers[values: .accept])
        // `*/*` and `image/*` name no format: browsers that know neither AVIF nor WebP say both.
        let avif = weights.named["image/avif"] ?? 0
        let webp = weights.named["image/webp"] ?? 0
        // Among equals AVIF goes before WebP, and WebP before the base.
        let choice = { (base: Int) -> Choice in
            if avif > 0, avif >= max(webp, base) { return .avif }
            return webp > 0 && webp >= base ? .webp : .base
        }
        overJPEG = choice(weights.of("image/jpeg"))
        overPNG = choice(weights.of("image/png"))
    }

    /// The format for `format=auto`: what is taken most gladly of AVIF and WebP, where they are named, and the base,
    /// which is the stored format where that is JPEG or PNG, and otherwise what can hold its transparency. The base is
    /// sent as well where nothing is acceptable that there is: better than 406, says the RFC.
    public func choose(for stored: ImageFormat, hasAlpha: Bool) -> ImageFormat {
        let base: ImageFormat =
            switch stored {
            case .jpeg, .png: stored
            case .webp, .avif: hasAlpha ? .png : .jpeg
            }
        return switch base == .png ? overPNG : overJPEG {
        case .avif: .avif
        case .webp: .webp
        case .base: base
        }
    }
}

/// The media ranges of an Accept header with their weights in thousandths.
private struct Weights {
    var named: [String: Int] = [:]
    /// Nothing said is everything taken.
    private let isAbsent: Bool

    private static let maximumElements = 128

    init(_ lines: [String]) {
        isAbsent = lines.allSatisfy { $0.trimmingBlanks().isEmpty }
        let elements = lines.joined(separator: ",").split(separator: ",", maxSplits: Self.maximumElements)
        // Behind so many stands nothing that a browser has written, and the event loop reads this.
        for element in elements.prefix(Self.maximumElements) {
            var parts = element.split(separator: ";", omittingEmptySubsequences: false)[...]
            let range = parts.removeFirst().trimmingBlanks().lowercased()
            // A semicolon may stand alone (section 5.6.6).
            let parameters = parts.filter { !$0.trimmingBlanks().isEmpty }
            guard !range.isEmpty, let weight = Self.weight(parameters) else { continue }
            named[range] = weight
        }
    }

    /// The most specific range that matches decides.
    func of(_ type: String) -> Int {
        named[type] ?? named["image/*"] ?? named["*/*"] ?? (isAbsent ? 1000 : 0)
    }

    /// Nil for an element that says nothing of the formats here: its weight is malformed, or it has parameters, which
    /// none of them has.
    private static func weight(_ parameters: [Substring]) -> Int? {
        guard let first = parameters.first else { return 1000 }
        let halves = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].trimmingBlanks().lowercased() == "q" else { return nil }
        return thousandths(halves[1].trimmingBlanks())
    }

    /// A qvalue (RFC 9110, section 12.4.2): 0 to 1 with up to three decimals. More decimals are cut off.
    private static func thousandths(_ text: Substring) -> Int? {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = halves.first, whole == "0" || whole == "1" else { return nil }
        let decimals = halves.count == 2 ? halves[1] : ""
        guard decimals.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        let fraction = Int(decimals.prefix(3).padded(to: 3)) ?? 0
        if whole == "1" { return fraction == 0 ? 1000 : nil }
        return fraction
    }
}

extension Substring {
    /// With zeros behind it.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: "0", count: count - self.count) }
}
