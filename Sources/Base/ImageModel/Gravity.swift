/// Which part of a picture is most important: it is kept in a crop, and decides where a padded picture is placed.
public enum Gravity: Sendable, Hashable {
    /// A point of the picture as seen, from its top left corner, in parts of its width and height: 0 to ``scale``. A
    /// crop is centred on this point, or as near to it as possible.
    case point(x: Int, y: Int)
    /// The part that draws attention: edges, skin, strong colours.
    case smart

    /// The number of parts per side for a point's coordinates: finer than a pixel of the largest rendition.
    public static let scale = 10_000

    /// The middle of the picture: the default.
    public static let center = Gravity.point(x: scale / 2, y: scale / 2)

    /// A name (`center`, `top`, `bottom`, `left`, `right`, `top-left`, `top-right`, `bottom-left`, `bottom-right`,
    /// `smart`), or two decimal numbers from 0 to 1 separated by a comma. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        if let known = Self.named[String(text)] {
            self = known
            return
        }
        let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { part in
            Self.coordinate(String(decoding: part, as: UTF8.self))
        }
        guard parts.count == 2, let x = parts[0], let y = parts[1] else { return nil }
        self = .point(x: x, y: y)
    }

    /// `smart`, or the two coordinates in parts, separated by a comma: equal gravities have equal texts.
    public var canonicalText: String {
        switch self {
        case .smart: "smart"
        case .point(let x, let y): "\(x),\(y)"
        }
    }

    private static let named: [String: Gravity] = [
        "center": .center,
        "top": .point(x: scale / 2, y: 0),
        "bottom": .point(x: scale / 2, y: scale),
        "left": .point(x: 0, y: scale / 2),
        "right": .point(x: scale, y: scale / 2),
        "top-left": .point(x: 0, y: 0),
        "top-right": .point(x: scale, y: 0),
        "bottom-left": .point(x: 0, y: scale),
        "bottom-right": .point(x: scale, y: scale),
        "smart": .smart,
    ]

    private static func coordinate(_ text: String) -> Int? {
        // Swift's number parser also accepts `nan`, `0x1` and `1e-9`.
        let isPlain = text.utf8.allSatisfy {
            $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard isPlain, let value = Double(text), (0...1).contains(value) else { return nil }
        return Int((value * Double(scale)).rounded())
    }
}
