/// What a question for metadata asks for beside the header: `include=extras`, `include=extras,location`.
struct MetadataQuery: Sendable, Hashable {
    /// Placeholders, capture time and camera.
    var extras = false
    /// Where it was taken.
    var location = false

    /// - Throws: ``Problem`` for words that are not known, or the parameter twice.
    init(_ query: Query) throws(Problem) {
        guard let text = try query.text("include") else { return }
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch word {
            case "extras": extras = true
            case "location": location = true
            default:
                throw Problem(.badParameter, "The parameter include takes extras and location, with a comma between.")
            }
        }
    }

    /// Whether the picture itself has to be looked into.
    var needsExtras: Bool { extras || location }
}
