/// A named rendition as the operator spells it. ``RenditionPreset`` reads what it stands for.
public struct PresetText: Sendable, Hashable {
    /// As used in URLs; not checked here.
    public let name: String
    /// As in a query: `w=200&h=200&fit=cover`.
    public let parameters: String

    /// A preset of this name; nothing is checked.
    public init(name: String, parameters: String) {
        self.name = name
        self.parameters = parameters
    }

    /// Reads `thumb:w=200&h=200&fit=cover,card:w=800`. A comma that is not followed by a `name:` belongs to the value
    /// before it, as in `gravity=0.3,0.7`.
    ///
    /// - Returns: nil if the text does not begin with a name and a colon.
    static func list(_ text: String) -> [PresetText]? {
        var presets: [PresetText] = []
        // By scalars: as a Character, a comma can be hidden by a combining mark after it.
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

    /// A name or a value, encoded for a query. A comma may stay, because a colon is encoded.
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
