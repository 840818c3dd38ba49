import Synchronization

/// Counts the part of the memory cache's bytes that remembered requests and their answers take.
public final class RequestMemory: Sendable {
    /// In bytes.
    public let limit: Int
    private let count = Atomic(0)

    /// An account of so many bytes, none of them in use. Only counts: the caller must keep to the limit.
    public init(limit: Int) { self.limit = limit }

    /// In bytes.
    public var used: Int { count.load(ordering: .relaxed) }

    /// Adds to the bytes in use; a negative number subtracts.
    public func change(by bytes: Int) { count.add(bytes, ordering: .relaxed) }
}
