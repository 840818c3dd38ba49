public import HTTPTypes
public import ImageModel
import TextCoding

/// What an Accept header says about the formats that can be sent (RFC 9110, section 12.5.1), reduced to the choice:
/// AVIF, WebP or the base, for each of the two formats that the base can be. There are only nine values, whatever
/// browsers send, so it can be part of a key.
public struct Accept: Sendable, Hashable {
    private enum Choice: UInt8, Sendable, Hashable {
        case avif, webp, base
    }

    private let overJPEG: Choice
    private let overPNG: Choice

    /// Reads Accept. Without the field everything is accepted.
    public init(_ headers: HTTPFields) {
        let weights = Weights(headers[values: .accept])
        // `*/*` and `image/*` name no format: browsers that know neither AVIF nor WebP say both.
        let avif = weights.named["image/avif"] ?? 0
        let webp = weights.named["image/webp"] ?? 0
        // If weights are equal, AVIF is preferred to WebP, and WebP to the base.
        let choice = { (base: Int) -> Choice in
            if avif > 0, avif >= max(webp, base) { return .avif }
            return webp > 0 && webp >= base ? .webp : .base
        }
        overJPEG = choice(weights.of("image/jpeg"))
        overPNG = choice(weights.of("image/png"))
    }

    /// The format for `format=auto`: the one with the highest weight among AVIF and WebP, if named, and the base. The
    /// base is the stored format if that is JPEG or PNG, otherwise a format that can hold the transparency. The base is
    /// also sent if no available format is acceptable: the RFC prefers that to 406.
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
    /// Without the field, everything is accepted.
    private let isAbsent: Bool

    private static let maximumElements = 128

    init(_ lines: [String]) {
        isAbsent = lines.allSatisfy { $0.trimmingBlanks().isEmpty }
        let elements = lines.joined(separator: ",").split(separator: ",", maxSplits: Self.maximumElements)
        // No browser sends more elements, and the event loop reads them.
        for element in elements.prefix(Self.maximumElements) {
            var parts = element.split(separator: ";", omittingEmptySubsequences: false)[...]
            let range = parts.removeFirst().trimmingBlanks().lowercased()
            // A semicolon may have no parameter (section 5.6.6).
            let parameters = parts.filter { !$0.trimmingBlanks().isEmpty }
            guard !range.isEmpty, let weight = Self.weight(parameters) else { continue }
            named[range] = weight
        }
    }

    /// The most specific matching range decides.
    func of(_ type: String) -> Int {
        named[type] ?? named["image/*"] ?? named["*/*"] ?? (isAbsent ? 1000 : 0)
    }

    /// Nil if the element does not apply to the formats here: its weight is malformed, or it has parameters, which none
    /// of these formats has.
    private static func weight(_ parameters: [Substring]) -> Int? {
        guard let first = parameters.first else { return 1000 }
        let halves = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].trimmingBlanks().lowercased() == "q" else { return nil }
        return thousandths(halves[1].trimmingBlanks())
    }

    /// A qvalue (RFC 9110, section 12.4.2): 0 to 1 with up to three decimals. Further decimals are cut off.
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
    /// Padded with zeros at the end.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: "0", count: count - self.count) }
}
