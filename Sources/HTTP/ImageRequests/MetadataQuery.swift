/// What a question for metadata asks for beside the header: `include=extras`, `include=extras,location`.
public struct MetadataQuery: Sendable, Hashable {
    /// Placeholders, capture time and camera.
    public var extras = false
    /// Where it was taken.
    public var location = false

    /// - Throws: ``RequestError`` for words that are not known, or the parameter twice.
    public init(_ query: Query) throws(RequestError) {
        guard let text = try query.text("include") else { return }
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch word {
            case "extras": extras = true
            case "location": location = true
            default:
                throw RequestError.badParameter(
                    "The parameter include takes extras and location, with a comma between.")
            }
        }
    }

    /// Whether the picture itself has to be looked into.
    public var needsExtras: Bool { extras || location }
}
