public import HTTPTypes
import TextCoding

/// What a client's header fields say about its screen and preferences: client hints (RFC 8942; the WICG's Responsive
/// Image Client Hints and Save Data). They are reduced to a few values before they become part of a key. A malformed
/// hint counts as absent.
public struct ClientHints: Sendable, Hashable {
    /// A hint, by its name in the settings.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case dpr, width
        case saveData = "save-data"
    }

    /// A set of hints: those an operator accepts, or those that the responses at one URL depend on.
    public struct Kinds: OptionSet, Sendable, Hashable {
        /// One bit for each hint.
        public let rawValue: UInt8

        /// Creates a set from any combination of bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Creates a set of these hints.
        public init(_ kinds: [Kind]) {
            self = kinds.reduce(into: []) { set, kind in
                switch kind {
                case .dpr: set.insert(.dpr)
                case .width: set.insert(.width)
                case .saveData: set.insert(.saveData)
                }
            }
        }

        /// Sec-CH-DPR: screen pixels per CSS pixel.
        public static let dpr = Kinds(rawValue: 1)
        /// Sec-CH-Width: the layout width of the image, in screen pixels.
        public static let width = Kinds(rawValue: 2)
        /// Save-Data: the client wants fewer bytes.
        static let saveData = Kinds(rawValue: 4)
    }

    /// Replaces `dpr`: a whole number from 1 to 4. It is rounded up, because screens have arbitrary ratios and pages
    /// zoom.
    public var dpr: Int?
    /// Replaces `w`, but in screen pixels: 1 to 8,192.
    public var width: Int?
    /// Whether Save-Data is `on`.
    public var savesData = false

    /// No hints.
    public init() {}

    /// Reads only hints of these kinds.
    public init(_ headers: HTTPFields, _ kinds: Kinds) {
        guard !kinds.isEmpty else { return }
        if kinds.contains(.dpr) { dpr = Self.number(headers[.secCHDPR], to: 4) }
        if kinds.contains(.width) { width = Self.number(headers[.secCHWidth], to: RenditionQuery.maximumSide) }
        if kinds.contains(.saveData) { savesData = Self.item(headers[.saveData])?.lowercased() == "on" }
    }

    /// A number above 0, rounded up, and at most the largest. No screen sends more than 20 digits.
    private static func number(_ value: String?, to largest: Int) -> Int? {
        guard let text = item(value), text.utf8.count <= 20,
            let number = RenditionQuery.plainNumber(String(text)), number > 0
        else { return nil }
        return Int(min(number.rounded(.up), Double(largest)))
    }

    /// The item of a structured field, without its parameters (RFC 9651).
    private static func item(_ value: String?) -> Substring? {
        value?.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first?.trimmingBlanks()
    }
}

extension ClientHints.Kinds {
    /// The header fields of these kinds, for Vary.
    public var fieldNames: [HTTPField.Name] {
        [(Self.dpr, HTTPField.Name.secCHDPR), (.width, .secCHWidth), (.saveData, .saveData)]
            .filter { contains($0.0) }.map(\.1)
    }

    /// The value of Accept-CH; nil if there is nothing to request. Clients send Save-Data without a request.
    public var accepted: String? {
        let names = subtracting(.saveData).fieldNames.map(\.rawName)
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }
}

extension HTTPField.Name {
    /// Says which hints the server wants (RFC 8942, section 3.1).
    public static let acceptCH = HTTPField.Name("Accept-CH") ?? .accept
    static let secCHDPR = HTTPField.Name("Sec-CH-DPR") ?? .accept
    static let secCHWidth = HTTPField.Name("Sec-CH-Width") ?? .accept
    static let saveData = HTTPField.Name("Save-Data") ?? .accept
}
