import ObjectStorage

/// Why a request, with all its tries, failed.
struct S3RequestError: Error, Sendable {
    enum Kind: Sendable {
        /// The store answered with an error.
        case errorAnswer(S3Error)
        /// No connection, or one that broke. `untouched`: the request cannot have reached the store.
        case transport(untouched: Bool, any Error)
        /// No answer in time.
        case timedOut
        /// An answer that no S3 server may give.
        case badAnswer(String)
        /// There are no credentials now.
        case noCredentials(any Error)
        /// The time passed in a queue of this process, and the request was never sent.
        case overloaded
        case cancelled
    }

    var kind: Kind
    var operation: StorageError.Operation
    /// Whether an earlier try of the same request may have been carried out, with its answer lost.
    var mayHaveActed = false

    /// The error that the store answered with, if it did.
    var s3Error: S3Error? {
        if case .errorAnswer(let error) = kind { error } else { nil }
    }

    /// Whether this try itself may have been carried out all the same.
    var leavesDoubt: Bool {
        switch kind {
        case .errorAnswer(let error): error.isTransient && !error.saysUntouched
        case .transport(let untouched, _): !untouched
        case .timedOut, .badAnswer, .cancelled: true
        case .noCredentials, .overloaded: false
        }
    }

    var storageError: StorageError {
        var error = plainError
        error.mayHaveHappened = mayHaveActed || leavesDoubt
        return error
    }

    private var plainError: StorageError {
        switch kind {
        case .errorAnswer(let error):
            StorageError(error.storageCode, during: operation, detail: error.detail, objectSize: error.objectSize)
        case .transport(_, let cause):
            StorageError(.unavailable, during: operation, detail: "no answer over the connection", cause: cause)
        case .timedOut:
            StorageError(.timedOut, during: operation, detail: "no answer in time")
        case .badAnswer(let detail):
            StorageError(.badAnswer, during: operation, detail: detail, isForeign: true)
        case .noCredentials(let cause):
            StorageError(.unavailable, during: operation, detail: "no credentials", cause: cause)
        case .overloaded:
            StorageError(.overloaded, during: operation, detail: "too much is asked of the store at once")
        case .cancelled:
            StorageError(.cancelled, during: operation)
        }
    }
}
