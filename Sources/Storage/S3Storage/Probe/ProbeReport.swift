public import ObjectStorage

/// What a probe has found.
public struct ProbeReport: Sendable, Hashable {
    /// What the store supports, as found.
    public var capabilities: StorageCapabilities
    /// False if a missing key is answered with 403: the permission to list the bucket is not granted, and "missing"
    /// cannot be told from "forbidden".
    public var tellsMissingKeys: Bool
    /// For the log: what an operator should know, one sentence each. Empty for a store that supports everything.
    public var warnings: [String]
    /// Every result as a line of its name and its value, for people.
    public var lines: [String]

    init(_ observations: ProbeObservations, partSize: Int) {
        capabilities = observations.traits.capabilities(partSize: partSize)
        tellsMissingKeys = observations.tellsMissingKeys
        warnings = observations.warnings
        lines = observations.fields.map { "\($0.name): \($0.value)" }
    }
}
