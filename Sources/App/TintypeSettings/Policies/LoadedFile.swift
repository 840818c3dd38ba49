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
    /// - Parameter settings: those in force, which the policies must fit.
    /// - Throws: ``SettingsErrors`` with all errors of the policies, and of the file as a whole.
    public func change(_ text: String, _ settings: Settings) throws(SettingsErrors) -> Change {
        let contents = SettingsFile.parse(text, path: path)
        let errors = contents.errors + PolicyChecks.errors(in: contents.policies, settings)
        guard errors.isEmpty else { throw SettingsErrors(items: errors) }
        let keys = Set(values.keys).union(contents.values.keys).filter {
            values[$0]?.revealed != contents.values[$0]
        }
        return Change(policies: contents.policies, otherKeys: keys.sorted())
    }
}
