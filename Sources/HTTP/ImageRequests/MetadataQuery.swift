/// What a metadata request asks for besides the header: `include=extras`, `include=extras,location`.
public struct MetadataQuery: Sendable, Hashable {
    /// Placeholders, capture time and camera.
    public var extras = false
    /// Where the photo was taken.
    public var location = false

    /// - Throws: ``RequestError`` for unknown words or a repeated parameter.
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

    /// Whether the image itself must be read.
    public var needsExtras: Bool { extras || location }
}
