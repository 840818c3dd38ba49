import AccessControl
import FoundationEssentials
import Yams

/// The YAML file of `--config`: one mapping of settings, in lower camel case, to scalars, and for some to the shapes of
/// ``FileShape``; and the policies, which are in no other place.
enum SettingsFile {
    typealias Item = SettingsErrors.Item

    /// A larger file was named by mistake.
    private static let sizeLimit = 1 << 20

    /// The file's text, or why it cannot be read.
    static func read(_ path: String) -> Result<String, ReadError> {
        let expected = "a YAML file in UTF-8 that can be read, of at most \(sizeLimit) bytes"
        guard let handle = FileManager.default.contents(atPath: path), handle.count <= sizeLimit,
            let text = String(validating: handle, as: UTF8.self)
        else {
            return .failure(ReadError(item: Item(setting: "--config", value: path, expected: expected)))
        }
        return .success(text)
    }

    struct ReadError: Error {
        let item: Item
    }

    /// What a file says.
    struct Contents {
        /// By their keys.
        var values: [String: String] = [:]
        var policies = Policies()
        /// Whether there is a key for policies, even if it has none.
        var namesPolicies = false
        var errors: [Item] = []
    }

    /// The values by their keys, the policies, and every error on the way. An unknown key is an error: somebody
    /// believes that this setting is in force.
    ///
    /// - Parameter path: named in errors of the whole file.
    static func parse(_ yaml: String, path: String) -> Contents {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            return Contents(errors: [Item(setting: "--config", value: path, expected: expectation(from: error))])
        }
        guard let root, !isNull(root) else { return Contents() }
        guard let mapping = root.mapping else {
            return Contents(
                errors: [Item(setting: "--config", value: path, expected: "a mapping of settings to values")])
        }
        var contents = Contents()
        for (keyNode, valueNode) in mapping {
            let key = keyNode.scalar?.string ?? ""
            if key == PolicyFile.key {
                let (policies, errors) = PolicyFile.read(valueNode)
                contents.policies = policies
                contents.namesPolicies = true
                contents.errors += errors
                continue
            }
            guard let shape = shapes[key] else {
                // Masked: it may be a secret with a misspelled key.
                contents.errors.append(
                    Item(setting: "\(key.debugDescription) in the file", value: Secret.mask, expected: hint(for: key)))
                continue
            }
            if isNull(valueNode) { continue }
            guard let text = FileValue.text(of: valueNode, as: shape) else {
                contents.errors.append(
                    Item(
                        setting: "\(key) in the file", value: "a list or mapping",
                        expected: FileValue.expectation(for: shape)))
                continue
            }
            contents.values[key] = text
        }
        return contents
    }

    /// The shape of every known key.
    private static let shapes = Dictionary(
        Setting.all.map { ($0.key, $0.shape) } + LaterSettings.names.map { (Setting.key(of: $0), .scalar) }
    ) { first, _ in first }

    /// Null in the core schema, if it is not quoted.
    static func isNull(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func hint(for key: String) -> String {
        let plain = { (text: String) in text.lowercased().filter { $0 != "_" && $0 != "-" } }
        let meant = (shapes.keys + [PolicyFile.key]).sorted().first { plain($0) == plain(key) }
        return "a known setting" + (meant.map { ", perhaps \($0)" } ?? "")
    }

    /// Yams' own text quotes the line, and a line can contain a secret: only the position and the problem are reported.
    private static func expectation(from error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "sound YAML, but line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _):
            "every key once, but found again: \(duplicates.sorted().joined(separator: ", "))"
        default:
            "sound YAML"
        }
    }
}
