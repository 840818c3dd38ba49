public import NIOCore

/// The bytes of an object as they come. Read once, by one task.
///
/// If the store breaks off, the body throws; it never ends as if it were whole.
public struct ObjectBody: AsyncSequence, Sendable {
    /// The body comes in pieces of any size.
    public typealias Element = ByteBuffer
    /// What the store throws, mostly a ``StorageError``.
    public typealias Failure = any Error

    private let makeNext: @Sendable () -> (() async throws -> ByteBuffer?)

    /// A body made of a pull function. `makeNext` is called once, when the reader begins. The function that it returns
    /// is called until it returns nil or throws. It is released when the reader leaves, and must then free everything
    /// that it holds.
    public init(_ makeNext: @escaping @Sendable () -> (() async throws -> ByteBuffer?)) {
        self.makeNext = makeNext
    }

    /// A body of bytes that are in memory already.
    public init(_ bytes: ByteBuffer) {
        self.init {
            var rest: ByteBuffer? = bytes.readableBytes > 0 ? bytes : nil
            return {
                defer { rest = nil }
                return rest
            }
        }
    }

    /// Pulls the pieces one after another. When it is freed, it releases what the read holds.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pull: () async throws -> ByteBuffer?

        /// The next piece, or nil at the end.
        ///
        /// - Throws: what the store throws if it cannot deliver the rest.
        public mutating func next() async throws -> ByteBuffer? {
            try await pull()
        }
    }

    /// Begins to read. To be called once.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(pull: makeNext())
    }

    /// The whole body as one buffer.
    ///
    /// - Throws: what the body throws, and ``StorageError`` with `badAnswer` if it is longer than `limit` bytes.
    public func collect(upTo limit: Int, reserving count: Int = 0) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        whole.reserveCapacity(Swift.min(count, limit))
        for try await var chunk in self {
            guard whole.readableBytes + chunk.readableBytes <= limit else {
                throw StorageError(.badAnswer, during: .get, detail: "a body over \(limit) bytes")
            }
            whole.writeBuffer(&chunk)
        }
        return whole
    }
}
