import Synchronization

/// A part of the memory cache's bytes for who remembers requests and what was answered to them, and how much of it is
/// in use.
public final class RequestMemory: Sendable {
    /// In bytes.
    public let limit: Int
    private let count = Atomic(0)

    /// An account of so many bytes, none of them in use. Only counts: whoever changes it keeps to the limit.
    public init(limit: Int) { self.limit = limit }

    /// In bytes.
    public var used: Int { count.load(ordering: .relaxed) }

    /// Says that so many bytes more are in use, or fewer.
    public func change(by bytes: Int) { count.add(bytes, ordering: .relaxed) }
}
