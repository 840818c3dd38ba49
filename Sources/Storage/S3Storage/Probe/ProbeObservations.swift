/// What a probe has found so far.
struct ProbeObservations: Sendable, Hashable {
    var put = RaceResult()
    var complete = RaceResult()
    var delete = RaceResult()
    var listsInByteOrder = false
    var plusIsSpace = true
    var completeTellsETag = false
    var tellsMissingKeys = true

    var needsRaces: Bool { put.needsRaces || complete.needsRaces || delete.needsRaces }

    var traits: StoreTraits {
        StoreTraits(
            put: put.support, complete: complete.support, delete: delete.support, listsInByteOrder: listsInByteOrder,
            plusIsSpace: plusIsSpace, completeTellsETag: completeTellsETag)
    }

    /// One sentence each; none about what is not known yet.
    var warnings: [String] {
        let writes = [("PUT", put), ("CompleteMultipartUpload", complete), ("DELETE", delete)]
        var warnings: [String] = []
        for (name, result) in writes where !result.needsRaces && result.support != .atomic {
            warnings.append(
                "conditions on \(name) are \(result.support.rawValue) by this store: checked just before the write, "
                    + "and safe within one process only")
        }
        if !tellsMissingKeys {
            warnings.append("a missing key is answered with 403: grant the right to list the bucket (s3:ListBucket)")
        }
        return warnings
    }
}
