public import HTTPTypes
public import ImageModel

/// What the query of a GET or HEAD of an image asks for: the stored bytes or a rendition, and perhaps a version.
public struct ImageQuery: Sendable, Hashable {
    /// Nil: the stored bytes.
    public var rendition: RenditionRequest?
    /// The version that the URL names (`v`).
    public var version: String?
    /// Whether the client asks for less than the default quality, and may do so.
    public var savesData: Bool
    /// Whether a browser is to save the answer as a file.
    public var download: Download?

    /// - Parameters:
    ///   - headers: They hold the client hints.
    ///   - variance: Of the same query. Hints that are not in it are not read.
    /// - Throws: ``RequestError`` for a malformed or repeated parameter, and for what the rules do not allow.
    public init(
        _ query: Query, _ headers: HTTPFields, _ rules: RenditionRules, variance: Variance
    ) throws(RequestError) {
        let hints = ClientHints(headers, variance.hints)
        rendition = try RenditionQuery.parse(query, rules, hints: hints)
        version = try query.text("v")
        download = try Download.parse(query)
        savesData = hints.savesData
    }
}
