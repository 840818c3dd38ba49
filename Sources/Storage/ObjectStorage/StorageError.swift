/// Why a store did not do what it was asked to do.
public struct StorageError: Error, Sendable {
    /// The kinds of error that callers distinguish.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No object has this key, or no upload this id.
        case notFound
        /// A condition of the call does not hold.
        case preconditionFailed
        /// The key cannot exist beside another one, or a racing write is in the way.
        case conflict
        /// The range begins after the object's end; `objectSize` has the size.
        case rangeNotSatisfiable
        /// This store cannot hold such a key.
        case invalidKey
        /// The store is full.
        case full
        /// The store rejects our credentials or permissions.
        case denied
        /// The store does not answer, or answers that it is unavailable.
        case unavailable
        /// The store answered too slowly.
        case timedOut
        /// The object is in an archive of the store, and must be restored there before it can be read.
        case archived
        /// An answer that no such store may give.
        case badAnswer
        /// This process asks more of the store at once than it may, or than the store accepts: too many readers hold
        /// its connections, too many writes of one key wait, or it says to slow down. Nothing was done, and the store
        /// itself is healthy.
        case overloaded
        /// The cursor of a listing is not one of this store.
        case badCursor
        /// This store cannot do this at all.
        case unsupported
        /// The task was cancelled.
        case cancelled
    }

    /// The call that failed.
    public enum Operation: String, Sendable, Hashable, CaseIterable {
        case get, head, put, delete, list
        case beginUpload, uploadPart, completeUpload, abortUpload, listUploads
        case checkAvailability, createBucket, probe
    }

    /// What happened.
    public var code: Code
    /// During which call.
    public var operation: Operation
    /// For logs only: may name hosts, keys and paths of the machine.
    public var detail: String
    /// The size of the object, with `rangeNotSatisfiable`.
    public var objectSize: Int64?
    /// The error of the layer below, for logs only.
    public var cause: (any Error)?
    /// Whether a write may have happened all the same: the answer was lost, or only a later try was answered.
    public var mayHaveHappened: Bool
    /// With `badAnswer`: whether the answer perhaps came not from a store but from a portal or a proxy in between.
    public var isForeign: Bool

    /// An error. The codes `unavailable` and `timedOut` always count as a write that may have happened.
    public init(
        _ code: Code, during operation: Operation, detail: String = "", objectSize: Int64? = nil,
        cause: (any Error)? = nil, mayHaveHappened: Bool = false, isForeign: Bool = false
    ) {
        self.code = code
        self.operation = operation
        self.detail = detail
        self.objectSize = objectSize
        self.cause = cause
        self.mayHaveHappened = mayHaveHappened || code == .unavailable || code == .timedOut
        self.isForeign = isForeign
    }

    /// Whether this is about the store being away and not about the object: it did not answer, or not in time, or
    /// something else has answered in its place.
    public var isOutage: Bool { code == .unavailable || code == .timedOut || (code == .badAnswer && isForeign) }
}

extension StorageError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to show to a client: names no key, host or path.
    public var description: String { "storage: \(code.rawValue) during \(operation.rawValue)" }

    /// Everything, for logs.
    public var debugDescription: String {
        var text = description
        if !detail.isEmpty { text += ": \(detail)" }
        if let cause { text += " (\(String(reflecting: cause)))" }
        return text
    }
}
