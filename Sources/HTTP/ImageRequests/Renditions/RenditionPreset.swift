import TextCoding

/// A named preset in the settings: rendition parameters, written as in a query.
public struct RenditionPreset: Sendable, Hashable {
    /// Why a text is not a preset.
    public struct PresetError: Error, Sendable, Hashable {
        /// A sentence for the operator, without its end.
        public let reason: String
    }

    let items: [Query.Item]

    /// Reads the parameters like a request's query, but more strictly. A request may have parameters for other
    /// programs. Here such a parameter would be one that the operator believes to be in effect.
    ///
    /// - Parameter parameters: For example `w=200&h=200&fit=cover`.
    /// - Throws: ``PresetError``.
    public init(parameters: String) throws(PresetError) {
        do throws(RequestError) {
            let query = try Query(parameters.utf8)
            if let foreign = query.items.first(where: { !RenditionQuery.names.contains($0.name) }) {
                throw RequestError.badParameter(
                    "There is no parameter \(foreign.name.debugDescription) that it could set.")
            }
            guard !query.hasUnreadableName else {
                throw RequestError.badParameter("The name of a parameter cannot be read.")
            }
            guard try RenditionQuery.parse(query, RenditionRules()) != nil else {
                throw RequestError.badParameter("It sets no parameter.")
            }
            items = query.items
        } catch {
            throw PresetError(
                reason: error.description.hasSuffix(".") ? String(error.description.dropLast()) : error.description)
        }
    }

    /// The rule for a name, to end a sentence.
    public static let nameRule = "1 to 64 of a-z, A-Z, 0-9, '-' and '_'"

    /// Whether a text may be a preset's name. Compares bytes, because to Swift the Kelvin sign is a K.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }
}
