import AccessControl
import Yams

/// Reads the policies of the settings file: a mapping of prefixes to mappings of ``PolicyField``.
enum PolicyFile {
    typealias Item = SettingsErrors.Item

    /// In the file.
    static let key = "policies"

    /// The policies, and every error. Policies with an error are left out.
    static func read(_ node: Node) -> (policies: Policies, errors: [Item]) {
        guard !SettingsFile.isNull(node) else { return (Policies(), []) }
        guard let mapping = node.mapping else {
            return (
                Policies(),
                [
                    Item(
                        setting: "\(key) in the file", value: "no mapping",
                        expected: "a mapping of prefixes to policies, such as users/: {reads: protected}")
                ]
            )
        }
        var entries: [(prefix: PathPrefix, says: PolicyRules)] = []
        var errors: [Item] = []
        for (prefixNode, rulesNode) in mapping {
            let text = prefixNode.scalar?.string
            guard let text, let prefix = PathPrefix(Array(text.utf8)) else {
                errors.append(
                    Item(
                        setting: "a prefix of \(key) in the file", value: text ?? "a list or mapping",
                        expected: "a folder that ends with a slash and does not begin with one, such as users/; "
                            + "or \"\" for everything"))
                continue
            }
            let (rules, wrong) = rules(rulesNode, of: prefix)
            errors += wrong
            if wrong.isEmpty { entries.append((prefix, rules)) }
        }
        do {
            return (try Policies(entries), errors)
        } catch {
            return (Policies(), errors + [item(for: error)])
        }
    }

    /// The name of a policy, or of one of its keys, in an error.
    static func name(_ prefix: PathPrefix, _ field: String? = nil) -> String {
        "\(key), \(prefix.text.debugDescription)\(field.map { ", \($0)" } ?? "") in the file"
    }

    private static func rules(_ node: Node, of prefix: PathPrefix) -> (PolicyRules, [Item]) {
        guard let mapping = node.mapping else {
            return (
                PolicyRules(),
                [
                    Item(
                        setting: name(prefix), value: node.scalar?.string ?? "a list",
                        expected: "a mapping, such as {reads: protected}")
                ]
            )
        }
        var rules = PolicyRules()
        var errors: [Item] = []
        for (keyNode, valueNode) in mapping {
            let fieldKey = keyNode.scalar?.string ?? "a list or mapping"
            guard let field = PolicyField.all.first(where: { $0.key == fieldKey }) else {
                errors.append(
                    Item(
                        setting: name(prefix), value: fieldKey,
                        expected: "only the keys \(PolicyField.all.map(\.key).joined(separator: ", "))"))
                continue
            }
            // A key without a value is an error. It is not an empty list: the operator has probably forgotten the value.
            guard !SettingsFile.isNull(valueNode), let text = FileValue.text(of: valueNode, as: field.shape) else {
                errors.append(
                    Item(
                        setting: name(prefix, field.key),
                        value: SettingsFile.isNull(valueNode) ? "" : "a list or mapping",
                        expected: field.expected))
                continue
            }
            if !field.set(text, in: &rules) {
                errors.append(Item(setting: name(prefix, field.key), value: text, expected: field.expected))
            }
        }
        return (rules, errors)
    }

    private static func item(for error: PolicyListError) -> Item {
        switch error {
        case .tooMany(let count):
            Item(
                setting: "\(key) in the file", value: "\(count) policies",
                expected: "at most \(Policies.maximumCount) policies")
        case .twice(let prefix): Item(setting: name(prefix), value: nil, expected: "every prefix once")
        }
    }
}
