public import ImageRequests

extension RenditionRules {
    /// The rules of settings that were loaded without an error.
    public init(_ settings: Settings) {
        let presets = settings.presets.compactMap { text in
            (try? RenditionPreset(parameters: text.parameters)).map { (text.name, $0) }
        }
        self.init(
            mode: settings.renditionMode, presets: Dictionary(presets) { first, _ in first },
            sizes: settings.renditionSizes, hints: ClientHints.Kinds(settings.clientHints))
    }
}
