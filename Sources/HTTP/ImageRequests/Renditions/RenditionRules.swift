public import ImageModel

/// Which renditions may be asked for, and what their names stand for.
public struct RenditionRules: Sendable, Hashable {
    /// Who decides what a rendition is.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Whoever asks.
        case any
        /// The operator: only presets may be asked for, without a preset nothing.
        case presets
    }

    /// Who decides.
    public var mode: Mode
    /// By their names.
    public var presets: [String: RenditionPreset]
    /// The sides that a rendition may have.
    public var sizes: RenditionSizes
    /// The client hints that are honoured.
    public var hints: ClientHints.Kinds

    /// - Parameters:
    ///   - presets: by names that ``RenditionPreset/isName(_:)`` is true of.
    ///   - sizes: the sides that may be had, in pixels; empty: every side.
    ///   - hints: the client hints that are honoured.
    public init(
        mode: Mode = .any, presets: [String: RenditionPreset] = [:], sizes: [Int] = [], hints: ClientHints.Kinds = []
    ) {
        self.mode = mode
        self.presets = presets
        self.sizes = RenditionSizes(sizes)
        self.hints = hints
    }

    /// Judges what was asked for before it is read: where only presets may be had, nothing else gets an answer of its
    /// own, not even that it is malformed.
    ///
    /// Beside a preset `dpr` may stand, since pages have one URL for each density of screen, but only as one of four
    /// digits: any number would make hundreds of renditions of one preset.
    ///
    /// - Throws: ``RequestError``.
    public func judge(_ query: Query) throws(RequestError) {
        guard mode == .presets else { return }
        let free = query.items.filter { RenditionQuery.names.contains($0.name) }
        let densities = "1234".utf8.map { [$0] }
        guard query.items.contains(where: { $0.name == RenditionQuery.presetName }),
            free.allSatisfy({ $0.name == "dpr" && !$0.isBroken && densities.contains($0.value) })
        else {
            throw RequestError.renditionNotAllowed(
                "Only presets may be asked for here: preset and its name, and dpr of 1, 2, 3 or 4 beside it.")
        }
    }

    /// The query with its preset written out. What stands in the query itself goes before what the preset says.
    ///
    /// - Throws: ``RequestError`` for a name that there is none of.
    public func writtenOut(_ query: Query) throws(RequestError) -> Query {
        guard let name = try query.text(RenditionQuery.presetName) else { return query }
        guard RenditionPreset.isName(name) else {
            throw RequestError.badParameter(
                "The parameter \(RenditionQuery.presetName) must be \(RenditionPreset.nameRule).")
        }
        guard let preset = presets[name] else {
            throw RequestError.badParameter(
                "The parameter \(RenditionQuery.presetName) names \(name), which is no preset here.")
        }
        var whole = query
        whole.items += preset.items.filter { item in !query.items.contains { $0.name == item.name } }
        return whole
    }
}
