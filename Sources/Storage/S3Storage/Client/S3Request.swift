import NIOCore
import NIOHTTP1
import ObjectStorage

/// One request to the store, before it is signed.
struct S3Request: Sendable {
    /// Whether a try that may have reached the store can be repeated.
    enum Repeatability: Sendable, Hashable {
        /// Two times have the same effect as one: reads, writes of the same bytes, deletes.
        case always
        /// Two times leave two things; only tries that never reached the store are repeated.
        case ifUntouched
    }

    var operation: StorageError.Operation
    var method: HTTPMethod
    /// Nil: the bucket itself.
    var key: ObjectKey?
    var query: [QueryItem] = []
    var headers: [(name: String, value: String)] = []
    var body: ByteBuffer?
    var repeatability = Repeatability.always

    /// Whether the answer is an object, or what HEAD tells of one.
    var asksForObject: Bool { key != nil && query.isEmpty && (method == .GET || method == .HEAD) }

    init(
        _ operation: StorageError.Operation, _ method: HTTPMethod, key: ObjectKey? = nil, query: [QueryItem] = [],
        headers: [(name: String, value: String)] = [], body: ByteBuffer? = nil,
        repeatability: Repeatability = .always
    ) {
        self.operation = operation
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
        self.repeatability = repeatability
    }
}

/// A whole answer.
struct S3Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer
}
