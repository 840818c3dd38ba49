/// Why a store did not do what it was asked.
public struct StorageError: Error, Sendable {
    /// The kinds a caller tells apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No object has this key, or no upload this id.
        case notFound
        /// A condition of the call does not hold.
        case preconditionFailed
        /// The key cannot exist beside another one, or a racing write stands in the way.
        case conflict
        /// The range begins behind the object's end; `objectSize` tells it.
        case rangeNotSatisfiable
        /// This store cannot hold such a key.
        case invalidKey
        /// The store has no room left.
        case full
        /// The store refuses our credentials or rights.
        case denied
        /// The store does not answer, or answers that it cannot now.
        case unavailable
        /// The store answered too slowly.
        case timedOut
        /// The object is in an archive of the store, and cannot be read before it is restored there.
        case archived
        /// The store answered what no such store may answer.
        case badAnswer
        /// More is asked of the store at once than this process asks, or than the store takes: too many readers hold
        /// its connections, too many writes of one key wait, or it says to slow down. Nothing was done, and the store
        /// itself is well.
        case overloaded
        /// The cursor of a listing is none that this store has given.
        case badCursor
        /// This store cannot do that at all.
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
    /// Whether a write may have happened all the same: the answer was lost, or came only to a later try.
    public var mayHaveHappened: Bool
    /// With `badAnswer`: whether what answered was perhaps no store at all, but a portal or a proxy on the way to it.
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

    /// Whether this tells of the store being away rather than of the object: it did not answer, or not in time, or
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
