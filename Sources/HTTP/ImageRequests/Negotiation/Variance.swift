import HTTPTypes

/// Which header fields of a request the answers at one URL depend on.
public struct Variance: Sendable, Hashable {
    /// Whether Accept decides the format.
    public var isNegotiable: Bool
    /// What is not said in the URL, and may be said by a hint.
    public var hints: ClientHints.Kinds

    /// Judges a URL by what it names, before it is known whether that is well formed: errors at the URL vary as well.
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
        // Beside a preset only densities may be chosen.
        if !isSized, rules.mode == .any { hints.insert(.width) }
        if !names.contains("q"), format != "png" { hints.insert(.saveData) }
        hints.formIntersection(rules.hints)
    }

    /// By default nothing but the URL counts.
    public init(isNegotiable: Bool = false, hints: ClientHints.Kinds = []) {
        self.isNegotiable = isNegotiable
        self.hints = hints
    }

    /// The value of Vary; nil where nothing but the URL counts.
    public var field: String? {
        guard isNegotiable || !hints.isEmpty else { return nil }
        return ((isNegotiable ? [.accept] : []) + hints.fieldNames).map(\.rawName).joined(separator: ", ")
    }
}
