public import ImageModel

/// Which renditions clients may request, and what preset names mean.
public struct RenditionRules: Sendable, Hashable {
    /// Who chooses the parameters of a rendition.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// The client.
        case any
        /// The operator: clients may only request presets.
        case presets
    }

    /// Who chooses the parameters.
    public var mode: Mode
    /// The presets by name.
    public var presets: [String: RenditionPreset]
    /// The sides that a rendition may have.
    public var sizes: RenditionSizes
    /// The client hints that the server accepts.
    public var hints: ClientHints.Kinds

    /// - Parameters:
    ///   - presets: By name. ``RenditionPreset/isName(_:)`` is true for every name.
    ///   - sizes: The allowed sides, in pixels; empty: every side.
    ///   - hints: The client hints that the server accepts.
    public init(
        mode: Mode = .any, presets: [String: RenditionPreset] = [:], sizes: [Int] = [], hints: ClientHints.Kinds = []
    ) {
        self.mode = mode
        self.presets = presets
        self.sizes = RenditionSizes(sizes)
        self.hints = hints
    }

    /// Checks a request before its parameters are read. If only presets are allowed, every other request gets the same
    /// response, even if it is malformed.
    ///
    /// `dpr` is allowed with a preset, because pages have one URL for each screen density. But it must be one of four
    /// digits: arbitrary numbers would make hundreds of renditions of one preset.
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

    /// The query with its preset replaced by its parameters. Parameters of the query override those of the preset.
    ///
    /// - Throws: ``RequestError`` if there is no preset of this name.
    public func writtenOut(_ query: Query) throws(RequestError) -> Query {
        guard let name = try query.text(RenditionQuery.presetName) else { return query }
        guard RenditionPreset.isName(name) else {
            throw RequestError.badParameter(
                "The parameter \(RenditionQuery.presetName) must be \(RenditionPreset.nameRule).")
        }
        guard let preset = presets[name] else {
            // Without the name: parameters are in no error and in no log.
            throw RequestError.badParameter(
                "The parameter \(RenditionQuery.presetName) names no preset of this server.")
        }
        var whole = query
        whole.items += preset.items.filter { item in !query.items.contains { $0.name == item.name } }
        return whole
    }
}
