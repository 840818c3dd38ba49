public import ObjectStorage
public import TextCoding

/// For how long an image is served after its last write. Then it counts as gone, although the store still has it.
///
/// The time of the write is the store's, and the present time is this machine's.
public struct ImageLifetime: Sendable, Hashable {
    /// At least 1.
    public let seconds: Int64

    /// Nil if there is no end: 0 seconds or less.
    public init?(seconds: Int64) {
        guard seconds > 0 else { return nil }
        self.seconds = seconds
    }

    /// When the image ends, in Unix seconds; nil if the store does not tell when it was written.
    public func end(of object: ObjectInfo) -> Int64? {
        object.lastModified.map { $0.seconds.addingReportingOverflow(seconds) }.map {
            $0.overflow ? .max : $0.partialValue
        }
    }

    /// Whether an image has outlived its time.
    public func isOver(_ object: ObjectInfo, at now: Timestamp) -> Bool {
        end(of: object).map { now.seconds >= $0 } ?? false
    }
}
