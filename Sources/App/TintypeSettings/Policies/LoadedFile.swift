public import AccessControl

/// The settings file as it was read at the start.
public struct LoadedFile: Sendable {
    /// Its path.
    public let path: String
    /// What it says besides policies.
    private let values: [String: Secret]

    init(path: String, yaml: String) {
        self.path = path
        values = SettingsFile.parse(yaml, path: path).values.mapValues { Secret($0) }
    }

    /// What a later text of the file says.
    public struct Change: Sendable {
        /// The policies.
        public let policies: Policies
        /// The keys of other settings that are not as they were at the start.
        public let otherKeys: [String]
    }

    /// Reads a later text of the file.
    ///
    /// - Parameters:
    ///   - settings: those in force, which the policies must fit.
    ///   - hasPolicies: whether policies are in force. A file without the key `policies` is an error then: it may be
    ///     half written, and protected folders would be open.
    /// - Throws: ``SettingsErrors`` with all errors of the policies, and of the file as a whole.
    public func change(_ text: String, _ settings: Settings, hasPolicies: Bool) throws(SettingsErrors) -> Change {
        let contents = SettingsFile.parse(text, path: path)
        var errors = contents.errors + PolicyChecks.errors(in: contents.policies, settings)
        if hasPolicies, !contents.namesPolicies {
            errors.append(
                SettingsErrors.Item(
                    setting: "policies in the file", value: nil,
                    expected: "to be there, as policies are in force; policies: {} ends them"))
        }
        guard errors.isEmpty else { throw SettingsErrors(items: errors) }
        let keys = Set(values.keys).union(contents.values.keys).filter {
            values[$0]?.revealed != contents.values[$0]
        }
        return Change(policies: contents.policies, otherKeys: keys.sorted())
    }
}
