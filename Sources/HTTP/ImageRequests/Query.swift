import TextCoding

/// The query of a URL: names and values in order, decoded like a form (`+` is a space).
public struct Query: Sendable, Hashable {
    /// One parameter.
    public struct Item: Sendable, Hashable {
        /// Decoded.
        public var name: String
        /// Decoded; empty if it is broken.
        public var value: [UInt8]
        /// Whether the value has a `%` that is not followed by two hexadecimal digits. This matters only if the
        /// parameter is used: marketing tools add `utm_campaign=50%off`.
        var isBroken = false

        /// The value as text; nil if it is not UTF-8, or broken.
        public var text: String? { isBroken ? nil : String(validating: value, as: UTF8.self) }
    }

    /// The maximum, because every lookup goes through all items, on an event loop.
    public static let maximumItems = 256

    /// In the order of the URL.
    public var items: [Item]
    /// Whether a name could not be read. Such a parameter is unknown to the server and is left out.
    private(set) var hasUnreadableName = false

    /// - Throws: ``RequestError`` if there are more than ``maximumItems`` parameters, known or not.
    public init(_ query: some Collection<UInt8>) throws(RequestError) {
        items = []
        // Everything beyond the limit stays one piece.
        let pairs = query.split(separator: UInt8(ascii: "&"), maxSplits: Self.maximumItems)
        guard pairs.count <= Self.maximumItems else {
            throw RequestError.badParameter("The query has more than \(Self.maximumItems) parameters.")
        }
        for pair in pairs {
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            // An unreadable name is no known name.
            guard let bytes = PercentEncoding.decode(halves[0], plusIsSpace: true),
                let name = String(validating: bytes, as: UTF8.self)
            else {
                hasUnreadableName = true
                continue
            }
            let value = PercentEncoding.decode(halves.dropFirst().joined(), plusIsSpace: true)
            items.append(Item(name: name, value: value ?? [], isBroken: value == nil))
        }
    }

    /// The only item of this name.
    ///
    /// - Throws: ``RequestError`` if the name is repeated, or its value is broken.
    public func item(_ name: String) throws(RequestError) -> Item? {
        let found = items.filter { $0.name == name }
        guard found.count <= 1 else { throw RequestError.badParameter("The parameter \(name) is given twice.") }
        guard found.first?.isBroken != true else {
            throw RequestError.badParameter(
                "The parameter \(name) has a % that is not followed by two hexadecimal digits.")
        }
        return found.first
    }

    /// The value of the only item of this name, as text.
    public func text(_ name: String) throws(RequestError) -> String? {
        guard let item = try item(name) else { return nil }
        guard let text = item.text else { throw RequestError.badParameter("The parameter \(name) is not UTF-8.") }
        return text
    }

    /// The value of the only item of this name, as a whole number in a range.
    public func number(_ name: String, in range: ClosedRange<Int>) throws(RequestError) -> Int? {
        guard let text = try text(name) else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy(\.isASCIIDigit),
            let number = Int(text), range.contains(number)
        else {
            throw RequestError.badParameter(
                "The parameter \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// The value of the only item of this name, as one of a set of words.
    public func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, as type: Word.Type
    ) throws(RequestError) -> Word? where Word.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestError.badParameter("The parameter \(name) must be one of: \(known).")
        }
        return word
    }
}
