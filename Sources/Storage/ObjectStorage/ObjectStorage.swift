public import NIOCore
public import TextCoding

/// A place where objects live: local files, memory, or an S3 server. Few required calls, options as values.
///
/// Guarantees of every implementation, which the conformance suite checks:
/// - A reader sees a whole version of an object or none, never a mix and never a part.
/// - A write that has returned is durable, and visible to every reader from then on.
/// - Of racing create-only writes of one key one wins; the others throw ``StorageError/Code/preconditionFailed``. The
///   same holds for racing writes that replace one version. A store that cannot promise it says so in its
///   ``StorageCapabilities``; there the promise holds within one process.
/// - A write that has thrown may still have happened if the code is ``StorageError/Code/unavailable``,
///   ``StorageError/Code/timedOut`` or, after a retry, ``StorageError/Code/preconditionFailed``: look at the object's
///   ``ObjectMetadata`` before you believe either.
/// - A write that was refused, or ended by ``MultipartUpload/abort()``, leaves nothing.
/// - A cancelled task ends its call soon, with ``StorageError/Code/cancelled``.
public protocol ObjectStorage: Sendable {
    /// What this store supports, as far as it is known.
    var capabilities: StorageCapabilities { get }

    /// The object, or a range of it, as a stream.
    ///
    /// - Throws: ``StorageError``: `notFound`; `preconditionFailed` if `options.ifMatch` names another version;
    ///   `rangeNotSatisfiable`; and what any call may throw. The body throws too: a body that ends early never ends as
    ///   if it were whole.
    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult

    /// Everything about the object but its bytes.
    ///
    /// - Throws: ``StorageError``, including `notFound`.
    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo

    /// Stores these bytes, as a whole, in one step.
    ///
    /// - Throws: ``StorageError``: `preconditionFailed` if `options.mode` does not hold; `conflict` if the key cannot
    ///   exist beside another one or a racing write is in the way; `full`.
    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult

    /// Begins a write whose bytes come in parts. Nothing is visible before ``MultipartUpload/complete(mode:)``.
    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload

    /// Deletes the object. It is no error if there is none.
    ///
    /// - Parameter ifMatch: deletes only this version; else throws `preconditionFailed`, or `notFound` if there is
    ///   none.
    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError)

    /// One page of the keys that begin with a prefix.
    func list(_ request: ListRequest) async throws(StorageError) -> ListPage

    /// A cheap question that shows whether the store answers.
    func checkAvailability() async throws(StorageError)
}

/// A write whose bytes come in parts, in order. Exactly one of ``complete(mode:)`` and ``abort()`` ends it. Used by one
/// task at a time.
public protocol MultipartUpload: AnyObject, Sendable {
    /// Stores one part. Every part but the last has ``StorageCapabilities/partSize`` bytes; none is empty. Several
    /// parts may be under way at once.
    ///
    /// - Parameter number: the part's position, from 1. Before ``complete(mode:)``, every number up to the last must
    ///   have been stored.
    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError)

    /// Makes the object visible, as a whole, in one step. Throws as ``ObjectStorage/put(_:bytes:options:)`` does; after
    /// an error the caller must still call ``abort()``.
    func complete(mode: PutMode) async throws(StorageError) -> PutResult

    /// Ends the write and removes its parts. Never throws: the sweep removes later what cannot be removed now. Runs to
    /// its end even in a cancelled task.
    func abort() async
}

/// What a read asks for.
public struct GetOptions: Sendable, Hashable {
    /// Nil: the whole object.
    public var range: ByteRange?
    /// Only this version.
    public var ifMatch: ETag?

    /// A read; by default of the whole object in any version.
    public init(range: ByteRange? = nil, ifMatch: ETag? = nil) {
        self.range = range
        self.ifMatch = ifMatch
    }
}

/// An object, or a range of it. The body can be read once; a reader that leaves early frees what it holds.
public struct GetResult: Sendable {
    /// What the store tells of the whole object.
    public var info: ObjectInfo
    /// The bytes in the body. The whole object's size is `info.size`.
    public var range: Range<Int64>
    /// The bytes of ``range``, as they come.
    public var body: ObjectBody

    /// An answer to a read. `range` has to lie within `info.size`.
    public init(info: ObjectInfo, range: Range<Int64>, body: ObjectBody) {
        self.info = info
        self.range = range
        self.body = body
    }
}

/// What a store tells about an object.
public struct ObjectInfo: Sendable, Hashable {
    /// The name that was asked for or listed.
    public var key: ObjectKey
    /// In bytes.
    public var size: Int64
    /// The version.
    public var etag: ETag
    /// Nil only after a write whose answer had no time, if the store could not be asked again.
    public var lastModified: Timestamp?
    /// As stored; nil if the store has none. Not to be trusted.
    public var contentType: String?
    /// All names and values beside the object, those of other programs included.
    public var metadata: ObjectMetadata
    /// Whether the metadata are known to have been written together with these bytes. False if another program may have
    /// written other bytes and kept or copied the metadata: then they say nothing about the bytes.
    public var hasBoundMetadata: Bool
    /// What other programs have put on the object and a write of ours may pass on (``PutOptions/carrying``), under the
    /// store's own names. Opaque.
    public var foreignFields: [String: String]

    /// What a store tells. By default the metadata count as unbound.
    public init(
        key: ObjectKey, size: Int64, etag: ETag, lastModified: Timestamp?, contentType: String? = nil,
        metadata: ObjectMetadata = [:], hasBoundMetadata: Bool = false, foreignFields: [String: String] = [:]
    ) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.contentType = contentType
        self.metadata = metadata
        self.hasBoundMetadata = hasBoundMetadata
        self.foreignFields = foreignFields
    }
}

/// Our own metadata of an object (`x-amz-meta-` headers, extended attributes). Names are lower-case letters, digits and
/// hyphens, values printable ASCII; at most 2 KB in total, which is S3's limit.
public typealias ObjectMetadata = [String: String]

extension ObjectMetadata {
    /// How the names of our own begin; all others come from other programs.
    public static let ownPrefix = "tintype-"

    /// The metadata of other programs.
    public var foreign: ObjectMetadata { filter { !$0.key.hasPrefix(Self.ownPrefix) } }

    /// Names and values, as S3 counts them against its limit.
    public var byteCount: Int { reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }
}

/// When a write may happen.
public enum PutMode: Sendable, Hashable {
    /// Always.
    case overwrite
    /// Only if the key has no object.
    case createOnly
    /// Only if the object still has this version.
    case replace(ETag)
}

/// How a whole object is written.
public struct PutOptions: Sendable, Hashable {
    /// When the write may happen.
    public var mode: PutMode
    /// As the store hands it out again; nil: none, or the store's default.
    public var contentType: String?
    /// Our own names and values; ``carrying`` keeps those of others.
    public var metadata: ObjectMetadata
    /// The version that these bytes were made from, as it was read: what other programs have put on it is passed on, as
    /// far as the store can. Nil: nothing is passed on.
    public var carrying: ObjectInfo?

    /// A write; by default an unconditional one without type and metadata.
    public init(
        mode: PutMode = .overwrite, contentType: String? = nil, metadata: ObjectMetadata = [:],
        carrying: ObjectInfo? = nil
    ) {
        self.mode = mode
        self.contentType = contentType
        self.metadata = metadata
        self.carrying = carrying
    }
}

/// What is decided when a multipart upload begins; the mode is decided at its end.
public struct UploadOptions: Sendable, Hashable {
    /// As in ``PutOptions``.
    public var contentType: String?
    /// As in ``PutOptions``.
    public var metadata: ObjectMetadata

    /// What an upload begins with; by default no type and no metadata.
    public init(contentType: String? = nil, metadata: ObjectMetadata = [:]) {
        self.contentType = contentType
        self.metadata = metadata
    }
}

/// A store's answer to a write that has happened.
public struct PutResult: Sendable, Hashable {
    /// The version that was written.
    public var etag: ETag
    /// A time by the store's clock that is not before the object's own, and seldom a second after it; nil if only a
    /// look can tell.
    public var lastModified: Timestamp?

    /// The answer to a write.
    public init(etag: ETag, lastModified: Timestamp? = nil) {
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// Asks for one page of keys.
public struct ListRequest: Sendable, Hashable {
    /// Any bytes, not only whole segments; empty: everything.
    public var prefix: [UInt8]
    /// Nil, or `/`: keys with a slash after the prefix become one entry of ``ListPage/prefixes``.
    public var delimiter: UInt8?
    /// 1 to 1,000 keys and prefixes together; other values count as the nearest of these.
    public var limit: Int
    /// Continues after a page: its ``ListPage/cursor``, unchanged.
    public var cursor: String?
    /// Begins after this key (or prefix), in the store's order. Not together with `cursor`.
    public var startAfter: [UInt8]?

    /// A listing; by default of everything, from the first key on. Takes any limit, see ``pageSize``.
    public init(
        prefix: [UInt8] = [], delimiter: UInt8? = nil, limit: Int = 1000, cursor: String? = nil,
        startAfter: [UInt8]? = nil
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.limit = limit
        self.cursor = cursor
        self.startAfter = startAfter
    }

    /// ``limit`` as stores take it.
    public var pageSize: Int { min(max(limit, 1), 1000) }
}

/// One page of a listing. Over all pages, each key and prefix comes once, in the store's own stable order.
public struct ListPage: Sendable, Hashable {
    /// `contentType` and `metadata` are not filled in.
    public var items: [ObjectInfo]
    /// Each with its delimiter at the end.
    public var prefixes: [[UInt8]]
    /// Opaque; nil on the last page.
    public var cursor: String?

    /// A page; by default an empty one, which is also the last.
    public init(items: [ObjectInfo] = [], prefixes: [[UInt8]] = [], cursor: String? = nil) {
        self.items = items
        self.prefixes = prefixes
        self.cursor = cursor
    }
}

/// What a store supports, found out at start.
public struct StorageCapabilities: Sendable, Hashable {
    /// Bytes in each part of a multipart upload but the last.
    public var partSize: Int
    /// The most bytes of memory that one body takes while it is read, including its reader's own buffers.
    public var streamBytes: Int
    /// Whether a conditional put is atomic between processes; else it is checked just before, in this process only.
    public var conditionalPut: Bool
    /// The same for ``MultipartUpload/complete(mode:)``.
    public var conditionalComplete: Bool
    /// The same for a delete with `ifMatch`.
    public var conditionalDelete: Bool
    /// Whether a page of a listing is in byte order.
    public var listsInByteOrder: Bool

    /// What a store supports; by default everything.
    public init(
        partSize: Int = 8 << 20, streamBytes: Int = 384 << 10, conditionalPut: Bool = true,
        conditionalComplete: Bool = true,
        conditionalDelete: Bool = true, listsInByteOrder: Bool = true
    ) {
        self.partSize = partSize
        self.streamBytes = streamBytes
        self.conditionalPut = conditionalPut
        self.conditionalComplete = conditionalComplete
        self.conditionalDelete = conditionalDelete
        self.listsInByteOrder = listsInByteOrder
    }
}
