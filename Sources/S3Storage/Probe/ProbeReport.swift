public import ObjectStorage

/// What a probe has found.
public struct ProbeReport: Sendable, Hashable {
    public var capabilities: StorageCapabilities
    /// False where a missing key is answered with 403: the right to list the bucket is not granted, and nobody can tell
    /// "missing" from "forbidden".
    public var tellsMissingKeys: Bool
    /// For the log: what an operator should know, one sentence each. Empty on a store that honours everything.
    public var warnings: [String]

    init(_ traits: StoreTraits, partSize: Int, tellsMissingKeys: Bool) {
        capabilities = traits.capabilities(partSize: partSize)
        self.tellsMissingKeys = tellsMissingKeys
        warnings = []
        let writes = [("PUT", traits.put), ("CompleteMultipartUpload", traits.complete), ("DELETE", traits.delete)]
        for (name, support) in writes where support != .atomic {
            warnings.append(
                "conditions on \(name) are \(support.rawValue) by this store: checked just before the write, and safe "
                    + "within one process only")
        }
        if !tellsMissingKeys {
            warnings.append("a missing key is answered with 403: grant the right to list the bucket (s3:ListBucket)")
        }
    }
}
