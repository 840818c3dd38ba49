import ImageAPI
import TintypeSettings

extension RenditionRules {
    /// The rules of settings in which ``faults(in:)`` has found no errors.
    init(_ settings: Settings) {
        self.init(
            mode: Mode(settings.renditionMode), presets: Self.read(settings.presets).presets,
            sizes: settings.renditionSizes, hints: ClientHints.Kinds(settings.clientHints))
    }

    /// The errors in the presets. The query parser reads them here, because the settings module does not know HTTP.
    static func faults(in settings: Settings) -> [SettingsErrors.Item] { read(settings.presets).faults }

    private static func read(
        _ texts: [PresetText]
    ) -> (presets: [String: RenditionPreset], faults: [SettingsErrors.Item]) {
        var presets: [String: RenditionPreset] = [:]
        var faults: [SettingsErrors.Item] = []
        for text in texts {
            guard RenditionPreset.isName(text.name) else {
                faults.append(
                    .init(setting: "PRESETS", value: text.name, expected: "a name of \(RenditionPreset.nameRule)"))
                continue
            }
            do throws(RenditionPreset.PresetError) {
                presets[text.name] = try RenditionPreset(parameters: text.parameters)
            } catch {
                faults.append(
                    .init(
                        setting: "PRESETS, \(text.name)", value: text.parameters,
                        expected: "parameters of a rendition, but: \(error.reason)"))
            }
        }
        return (presets, faults)
    }
}

extension RenditionRules.Mode {
    fileprivate init(_ mode: RenditionMode) {
        self =
            switch mode {
            case .any: .any
            case .presets: .presets
            }
    }
}

extension ClientHints.Kinds {
    fileprivate init(_ hints: [ClientHint]) {
        self = hints.reduce(into: []) { kinds, hint in
            switch hint {
            case .dpr: kinds.insert(.dpr)
            case .width: kinds.insert(.width)
            case .saveData: kinds.insert(.saveData)
            }
        }
    }
}
