/// What a sweep has done.
public struct SweepReport: Sendable, Hashable {
    /// Multipart uploads that were aborted.
    public var abortedUploads = 0
    /// Notes that were removed, with an upload or without.
    public var removedNotes = 0
    /// Objects that a probe had left behind.
    public var removedProbeObjects = 0
    /// What could not be dealt with now and will be tried again by the next sweep.
    public var failures = 0
}
