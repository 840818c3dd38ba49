public import NIOCore

/// A place where objects live: local files, memory, or an S3 server. Few required calls, options as values.
///
/// Guarantees that every implementation gives, and the conformance suite checks:
/// - A reader sees a whole version of an object or none, never a mix and never a part.
/// - A write that has returned is durable, and visible to every reader from then on.
/// - Of racing create-only writes of one key one wins; the others throw ``StorageError/Code/preconditionFailed``. The
///   same holds for racing writes that replace one version. A store that cannot promise it says so in its
///   ``StorageCapabilities``; there the promise holds within one process.
/// - A write that has thrown may have happened all the same where the code is ``StorageError/Code/unavailable``,
///   ``StorageError/Code/timedOut`` or, after a retry, ``StorageError/Code/preconditionFailed``: look at the
///   object's ``ObjectMetadata`` before you believe either.
/// - A write that was refused, or given up by ``MultipartUpload/abort()``, leaves nothing behind.
/// - A cancelled task ends its call soon, with ``StorageError/Code/cancelled``.
public protocol ObjectStorage: Sendable {
    /// What this store was found to honour.
    var capabilities: StorageCapabilities { get }

    /// The object, or a range of it, as a stream.
    ///
    /// - Throws: ``StorageError``: `notFound`; `preconditionFailed` where `options.ifMatch` names another version;
    ///   `rangeNotSatisfiable`; and what any call may throw. The body throws too: a body that ends early never ends
    ///   as if it were whole.
    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult

    /// What is known of the object without its bytes.
    ///
    /// - Throws: ``StorageError``, `notFound` among them.
    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo

    /// Stores these bytes, whole, in one step.
    ///
    /// - Throws: ``StorageError``: `preconditionFailed` where `options.mode` does not hold; `conflict` where the key
    ///   cannot exist beside another one or a racing write stands in the way; `full`.
    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult

    /// Begins a write whose bytes come in parts. Nothing is visible before ``MultipartUpload/complete(mode:)``.
    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload

    /// Deletes the object. Deleting what is not there is no fault.
    ///
    /// - Parameter ifMatch: delete this version only; else `preconditionFailed`, or `notFound` where there is none.
    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError)

    /// One page of the keys that begin with a prefix.
    func list(_ request: ListRequest) async throws(StorageError) -> ListPage

    /// One cheap question that shows whether the store answers.
    func checkAvailability() async throws(StorageError)
}

/// A write whose bytes come in parts, in order. Exactly one of ``complete(mode:)`` and ``abort()`` ends it.
/// Used by one task at a time.
public protocol MultipartUpload: AnyObject, Sendable {
    /// Stores one part. Every part but the last has ``StorageCapabilities/partSize`` bytes; none is empty. Several may
    /// be on their way at once.
    ///
    /// - Parameter number: The part's place, from 1. Before ``complete(mode:)`` every number up to the last must be
    ///   there.
    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError)

    /// Makes the object visible, whole, in one step. Throws as ``ObjectStorage/put(_:bytes:options:)`` does; after a
    /// throw ``abort()`` is still owed.
    func complete(mode: PutMode) async throws(StorageError) -> PutResult

    /// Gives the write up and removes its parts. Never throws: what cannot be removed now is left to the sweep.
    /// Runs to its end even in a cancelled task.
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

/// An object, or a range of it. The body can be read once; not reading it to the end frees what it holds.
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

/// What a store tells of an object.
public struct ObjectInfo: Sendable, Hashable {
    /// The name that was asked for or listed.
    public var key: ObjectKey
    /// In bytes.
    public var size: Int64
    /// The version.
    public var etag: ETag
    /// Nil only where a write has been answered and the store could not be asked again.
    public var lastModified: Timestamp?
    /// As stored; nil where the store has none. Not to be trusted.
    public var contentType: String?
    /// All names and values beside the object, those of other programs included.
    public var metadata: ObjectMetadata
    /// Whether the metadata are known to have been written together with these very bytes. False where another program
    /// may have put other bytes there and left the metadata, or copied them: then they tell nothing of the bytes.
    public var hasBoundMetadata: Bool
    /// What others have put beside the object and a write of ours may hand on (``PutOptions/carrying``), under the
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

/// Metadata of our own that stand beside an object (`x-amz-meta-` headers, extended attributes). Names are lower-case
/// letters, digits and hyphens, values printable ASCII; all together at most 2 KB, which is S3's limit.
public typealias ObjectMetadata = [String: String]

extension ObjectMetadata {
    /// How the names of our own begin; all others were put there by other programs.
    public static let ownPrefix = "tintype-"

    /// What other programs have put there.
    public var foreign: ObjectMetadata { filter { !$0.key.hasPrefix(Self.ownPrefix) } }

    /// As S3 counts them against its limit.
    public var byteCount: Int { reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }
}

/// When a write may happen.
public enum PutMode: Sendable, Hashable {
    /// Always.
    case overwrite
    /// Only where the key has no object.
    case createOnly
    /// Only where the object has this version still.
    case replace(ETag)
}

/// How one whole object is written.
public struct PutOptions: Sendable, Hashable {
    /// When the write may happen.
    public var mode: PutMode
    /// As the store hands it out again; nil: none, or the store's default.
    public var contentType: String?
    /// Our own names and values; ``carrying`` keeps those of others.
    public var metadata: ObjectMetadata
    /// The version that these bytes were made from, as it was read: what other programs have put beside it stays beside
    /// them, as far as the store can. Nil: nothing is handed on.
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

/// What is settled when a write in parts begins; the mode is settled at its end.
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

/// What a store says of a write that has happened.
public struct PutResult: Sendable, Hashable {
    /// The version that was written.
    public var etag: ETag
    /// A time by the store's clock that is not before the object's own, and seldom a second after it; nil where only
    /// a look can tell.
    public var lastModified: Timestamp?

    /// The answer to a write.
    public init(etag: ETag, lastModified: Timestamp? = nil) {
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// A question for one page of keys.
public struct ListRequest: Sendable, Hashable {
    /// Any bytes, not only whole segments; empty: everything.
    public var prefix: [UInt8]
    /// Nil, or `/`: keys with a slash behind the prefix are rolled up into one entry of ``ListPage/prefixes``.
    public var delimiter: UInt8?
    /// 1 to 1,000 keys and prefixes together; what is beyond counts as the nearest of these.
    public var limit: Int
    /// Goes on behind a page: the ``ListPage/cursor`` that came with it, unchanged.
    public var cursor: String?
    /// Begins behind this key (or prefix), in the store's order. Not together with `cursor`.
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

/// One page of a listing. Each key and prefix comes once, over all pages, in the store's own stable order.
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

/// What a store was found to honour, settled at start.
public struct StorageCapabilities: Sendable, Hashable {
    /// Bytes in each part of a multipart upload but the last.
    public var partSize: Int
    /// What one body that is being read takes in memory at most, its reader's own buffers included, in bytes.
    public var streamBytes: Int
    /// Whether a conditional put is atomic between processes; else it is checked just before, in this process only.
    public var conditionalPut: Bool
    /// The same for ``MultipartUpload/complete(mode:)``.
    public var conditionalComplete: Bool
    /// The same for a delete with `ifMatch`.
    public var conditionalDelete: Bool
    /// Whether a page of a listing is in byte order.
    public var listsInByteOrder: Bool

    /// What a store honours; by default everything.
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
