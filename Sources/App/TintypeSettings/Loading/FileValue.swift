import Yams

/// The shape of a setting in the file. In the environment every setting is one text.
enum FileShape: Sendable, Hashable {
    case scalar
    /// A list; in the environment its items are separated by commas.
    case list
    /// A mapping of names to values, or a list of such pairs; in the environment `name=value`, separated by commas.
    case pairs
    /// A mapping of names to mappings of parameters.
    case presets
}

/// Converts a value of the file to the text that the environment would have: one spelling needs only one check.
enum FileValue {
    /// Nil if the node has another shape. A text, as in the environment, is accepted for every shape.
    static func text(of node: Node, as shape: FileShape) -> String? {
        if let scalar = node.scalar { return scalar.string }
        switch shape {
        case .scalar: return nil
        case .list: return node.sequence.flatMap { texts(Array($0)) }?.joined(separator: ",")
        case .pairs: return node.mapping.flatMap(pairs) ?? text(of: node, as: .list)
        case .presets: return node.mapping.flatMap(presets)
        }
    }

    /// What was expected instead, as the end of a sentence.
    static func expectation(for shape: FileShape) -> String {
        switch shape {
        case .scalar: "one value"
        case .list: "one value, or a list of them"
        case .pairs: "one value, a mapping of names to values such as reads: 200/400, or a list of name=value"
        case .presets: "a mapping of names to mappings of parameters, such as thumb: {w: 200, fit: cover}"
        }
    }

    private static func presets(_ mapping: Node.Mapping) -> String? {
        var presets: [PresetText] = []
        for (name, value) in mapping {
            guard let name = name.scalar?.string, let parameters = value.mapping.flatMap(query) else { return nil }
            // A name with a comma or a colon is rejected later, where it can be shown.
            presets.append(
                PresetText(name: PresetText.encode(name).replacing(",", with: "%2C"), parameters: parameters))
        }
        return PresetText.text(presets)
    }

    private static func pairs(_ mapping: Node.Mapping) -> String? {
        var pairs: [String] = []
        for (name, value) in mapping {
            // YAML 1.1 also reads `off` as a boolean; the text is the same.
            guard let name = name.scalar?.string, let value = value.scalar?.string else { return nil }
            pairs.append("\(name)=\(value)")
        }
        return pairs.joined(separator: ",")
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
