import Yams

/// What shape a setting has in the file. In the environment every setting is one text.
enum FileShape: Sendable, Hashable {
    case scalar
    /// A list, whose items the environment has with commas between them.
    case list
    /// A mapping of names to mappings of parameters.
    case presets
}

/// A value of the file as the text that the environment would hold: one way to spell a setting is one way to check it.
enum FileValue {
    /// Nil where the node has another shape. A text, as in the environment, is taken for every shape.
    static func text(of node: Node, as shape: FileShape) -> String? {
        if let scalar = node.scalar { return scalar.string }
        switch shape {
        case .scalar: return nil
        case .list: return node.sequence.flatMap { texts(Array($0)) }?.joined(separator: ",")
        case .presets: return node.mapping.flatMap(presets)
        }
    }

    /// What was expected instead, to end a sentence.
    static func expectation(for shape: FileShape) -> String {
        switch shape {
        case .scalar: "one value"
        case .list: "one value, or a list of them"
        case .presets: "a mapping of names to mappings of parameters, such as thumb: {w: 200, fit: cover}"
        }
    }

    private static func presets(_ mapping: Node.Mapping) -> String? {
        var presets: [PresetText] = []
        for (name, value) in mapping {
            guard let name = name.scalar?.string, let parameters = value.mapping.flatMap(query) else { return nil }
            // A name with a comma or a colon is refused later, as it is shown then.
            presets.append(
                PresetText(name: PresetText.encode(name).replacing(",", with: "%2C"), parameters: parameters))
        }
        return PresetText.text(presets)
    }

    private static func query(_ parameters: Node.Mapping) -> String? {
        var pairs: [String] = []
        for (name, value) in parameters {
            guard let name = name.scalar?.string, let value = value.scalar?.string else { return nil }
            pairs.append("\(PresetText.encode(name))=\(PresetText.encode(value))")
        }
        return pairs.joined(separator: "&")
    }

    private static func texts(_ nodes: [Node]) -> [String]? {
        let texts = nodes.compactMap { $0.scalar?.string }
        return texts.count == nodes.count ? texts : nil
    }
}
