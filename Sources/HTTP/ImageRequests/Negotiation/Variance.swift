import HTTPTypes

/// The request's header fields that the responses at one URL depend on.
public struct Variance: Sendable, Hashable {
    /// Whether Accept decides the format.
    public var isNegotiable: Bool
    /// Parameters that the URL does not set, and that a hint may set.
    public var hints: ClientHints.Kinds

    /// Examines a URL by its parameter names, before it is known to be well formed: errors at the URL vary too.
    public init(of query: Query, _ rules: RenditionRules) {
        self.init()
        guard RenditionQuery.asksForRendition(query) else { return }
        let whole = (try? rules.writtenOut(query)) ?? query
        let value = { (name: String) in whole.items.first { $0.name == name }.map { $0.text ?? "" } }
        let names = Set(whole.items.map(\.name))
        let format = value("format") ?? "auto"
        isNegotiable = format == "auto"
        let isSized = names.contains("w") || names.contains("h")
        // These count in CSS pixels too.
        if !names.contains("dpr"), isSized || names.contains("blur") || names.contains("sharpen") {
            hints.insert(.dpr)
        }
        // With a preset, hints may only choose the density.
        if !isSized, rules.mode == .any { hints.insert(.width) }
        if !names.contains("q"), format != "png" { hints.insert(.saveData) }
        hints.formIntersection(rules.hints)
    }

    /// By default only the URL counts.
    public init(isNegotiable: Bool = false, hints: ClientHints.Kinds = []) {
        self.isNegotiable = isNegotiable
        self.hints = hints
    }

    /// What Vary says if the Origin of a request counts.
    public static let origin = HTTPField.Name.origin.rawName

    /// The value of Vary; nil if only the URL counts.
    public var field: String? {
        guard isNegotiable || !hints.isEmpty else { return nil }
        return ((isNegotiable ? [.accept] : []) + hints.fieldNames).map(\.rawName).joined(separator: ", ")
    }
}
