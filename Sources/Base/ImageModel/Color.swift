/// A colour in sRGB with 8 bits per channel, alpha not premultiplied.
public struct Color: Sendable, Hashable {
    /// Red, 0 to 255.
    public var red: UInt8
    /// Green, 0 to 255.
    public var green: UInt8
    /// Blue, 0 to 255.
    public var blue: UInt8
    /// 255 is opaque.
    public var alpha: UInt8

    /// A colour from its channels, 0 to 255 each; opaque by default.
    public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
        self.red = red
        self.green = green
        self.blue = blue
        self.alpha = alpha
    }

    /// Opaque white.
    public static let white = Color(red: 255, green: 255, blue: 255)
    /// Transparent black.
    public static let clear = Color(red: 0, green: 0, blue: 0, alpha: 0)

    /// A hexadecimal colour as in CSS (CSS Color 4, section 5.2): `rgb`, `rgba`, `rrggbb` or `rrggbbaa` in digits of
    /// either case, with or without a leading `#`. Nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        var digits = Array(text.utf8)
        if digits.first == UInt8(ascii: "#") { digits.removeFirst() }
        let values = digits.compactMap(Self.value)
        guard values.count == digits.count else { return nil }
        let channels: [UInt8]
        switch values.count {
        case 3, 4: channels = values.map { $0 * 17 }
        case 6, 8: channels = stride(from: 0, to: values.count, by: 2).map { values[$0] * 16 + values[$0 + 1] }
        default: return nil
        }
        self.init(
            red: channels[0], green: channels[1], blue: channels[2], alpha: channels.count == 4 ? channels[3] : 255)
    }

    /// `rrggbb` in lower case, or `rrggbbaa` if the colour is not opaque.
    public var hexadecimal: String {
        let channels = [red, green, blue] + (alpha == 255 ? [] : [alpha])
        return channels.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// This colour blended over an opaque one.
    public func over(_ back: Color) -> Color {
        func blend(_ front: UInt8, _ back: UInt8) -> UInt8 {
            let sum: Int = Int(front) * Int(alpha) + Int(back) * (255 - Int(alpha))
            return UInt8((sum + 127) / 255)
        }
        return Color(red: blend(red, back.red), green: blend(green, back.green), blue: blend(blue, back.blue))
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
