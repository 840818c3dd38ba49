/// The results of a sweep.
public struct SweepReport: Sendable, Hashable {
    /// Multipart uploads that were aborted.
    public var abortedUploads = 0
    /// Markers that were removed, with an upload or without.
    public var removedMarkers = 0
    /// Objects that a probe had left.
    public var removedProbeObjects = 0
    /// What failed now and will be tried again by the next sweep.
    public var failures = 0
}
