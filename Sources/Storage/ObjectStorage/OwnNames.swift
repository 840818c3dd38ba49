/// The names reserved for the server: every segment of a key that begins with `.tintype`.
///
/// A file system may fold case, normal forms and look-alikes, so that `.TINTYPE` leads to the server's own folder. So
/// names are compared as the most tolerant file system would: ignoring case, invisible characters, and differences of
/// normal and compatibility form. On a store that distinguishes all of these, no name is lost that anybody would
/// choose.
public enum OwnNames {
    /// The prefix of these names.
    public static let prefix = ".tintype"

    /// Whether a file system may take this segment of a key for one of the server's own.
    public static func contains(_ segment: some Collection<UInt8>) -> Bool {
        // Nearly all names end here, at their first byte.
        guard let first = segment.first, first == UInt8(ascii: ".") || first >= 0x80 else { return false }
        var rest = letters[...]
        var last: Unicode.Scalar?
        for scalar in String(decoding: segment, as: UTF8.self).unicodeScalars {
            defer { last = scalar }
            if scalar.properties.isDefaultIgnorableCodePoint { continue }
            // What remains of a folded dotted capital I.
            if scalar == "\u{307}", let last, folded(last) == "i" { continue }
            if rest.count == 1, beginsWithE(scalar) { return true }
            for letter in folded(scalar).unicodeScalars {
                guard letter == rest.first else { return false }
                rest = rest.dropFirst()
                if rest.isEmpty { return true }
            }
        }
        return false
    }

    private static let letters = Array(prefix.unicodeScalars)

    /// The scalar in NFKC without case if that has only letters of the prefix; else some other text.
    private static func folded(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0..<0x80: return scalar.properties.lowercaseMapping
        // Bold, italic, script, double-struck and so on: A to Z and a to z, thirteen times.
        case 0x1D400...0x1D6A3: return letter((scalar.value - 0x1D400) % 26)
        case 0x24B6...0x24E9: return letter((scalar.value - 0x24B6) % 26)
        case 0xFF21...0xFF3A: return letter(scalar.value - 0xFF21)
        case 0xFF41...0xFF5A: return letter(scalar.value - 0xFF41)
        case 0x1F130...0x1F149: return letter(scalar.value - 0x1F130)
        case 0x1CCD6...0x1CCEF: return letter(scalar.value - 0x1CCD6)
        default: return lookAlikes[scalar] ?? "?"
        }
    }

    private static func letter(_ place: UInt32) -> String {
        String(Character(Unicode.Scalar(UInt8(truncatingIfNeeded: place) + UInt8(ascii: "a"))))
    }

    /// From the Unicode Character Database: what folds to letters of the prefix and is not in an alphabet above.
    private static let lookAlikes: [Unicode.Scalar: String] = [
        "\u{2024}": ".", "\u{FE52}": ".", "\u{FF0E}": ".",
        "\u{1D40}": "t", "\u{1D57}": "t", "\u{209C}": "t",
        "\u{130}": "i", "\u{131}": "i", "\u{1D35}": "i", "\u{1D62}": "i", "\u{2071}": "i", "\u{2110}": "i",
        "\u{2111}": "i", "\u{2139}": "i", "\u{2148}": "i", "\u{2160}": "i", "\u{2170}": "i", "\u{33CC}": "in",
        "\u{1D3A}": "n", "\u{207F}": "n", "\u{2099}": "n", "\u{2115}": "n",
        "\u{2B8}": "y",
        "\u{1D3E}": "p", "\u{1D56}": "p", "\u{209A}": "p", "\u{2119}": "p",
        "\u{1D31}": "e", "\u{1D49}": "e", "\u{2091}": "e", "\u{212F}": "e", "\u{2130}": "e", "\u{2147}": "e",
    ]

    /// Whether the scalar decomposes to an e and something after it: a name that begins so has the prefix, in the other
    /// normal form.
    private static func beginsWithE(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xC8...0xCB, 0xE8...0xEB, 0x112...0x11B, 0x204...0x207, 0x228...0x229, 0x1E14...0x1E1D, 0x1EB8...0x1EC7,
            0x32CD...0x32CE:
            true
        default: false
        }
    }
}
