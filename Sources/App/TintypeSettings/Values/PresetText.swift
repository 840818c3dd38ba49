/// A named rendition as the operator spells it. What it stands for is not judged here: the parser of queries does
/// that, and it lives where HTTP is spoken.
public struct PresetText: Sendable, Hashable {
    /// As it stands in URLs; not checked here.
    public let name: String
    /// As in a query: `w=200&h=200&fit=cover`.
    public let parameters: String

    /// A preset of this name; nothing is checked.
    public init(name: String, parameters: String) {
        self.name = name
        self.parameters = parameters
    }

    /// Reads `thumb:w=200&h=200&fit=cover,card:w=800`. A comma behind which no `name:` follows belongs to the value
    /// before it, as in `gravity=0.3,0.7`.
    ///
    /// - Returns: nil where the text does not begin with a name and a colon.
    static func list(_ text: String) -> [PresetText]? {
        var presets: [PresetText] = []
        // By scalars: to a Character a combining mark hides the comma before it.
        for piece in text.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false) {
            if let colon = piece.firstIndex(of: ":") {
                let parameters = piece[piece.index(after: colon)...]
                presets.append(PresetText(name: String(piece[..<colon]), parameters: String(parameters)))
            } else if let last = presets.popLast() {
                presets.append(PresetText(name: last.name, parameters: "\(last.parameters),\(String(piece))"))
            } else {
                return nil
            }
        }
        return presets
    }

    /// The text that ``list(_:)`` reads.
    static func text(_ presets: [PresetText]) -> String {
        presets.map { "\($0.name):\($0.parameters)" }.joined(separator: ",")
    }

    /// A name or a value as it stands in a query. A comma may stay, since no colon does.
    static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~,".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }
}
