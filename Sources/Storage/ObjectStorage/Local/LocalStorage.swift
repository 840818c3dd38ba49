import NIOConcurrencyHelpers
public import NIOCore
public import TaskSupport
public import TextCoding

/// Objects as files below one folder, each under its key: `a/b.jpg` is the file `b.jpg` in the folder `a`.
///
/// - A write goes to a file without a name, is synced, and gets its name by one link or rename. Check and rename run
///   under a lock of the key, which also excludes other processes: two processes on one folder keep every guarantee.
/// - The version is a hash of inode, size and modification time. Content type and metadata are in an extended
///   attribute, if the file system has them, bound to size and modification time. Files put there by hand are objects.
///   Put them there by a rename: a change in place breaks off their readers.
/// - No symlink below the root is followed: it counts as missing, and a write to its name replaces it.
/// - `invalidKey` in every call: a key with an empty, `.` or `..` segment or one over 255 bytes; `.tintype`,
///   `.tintype/tmp` and `.tintype/locks`, where the store keeps its own files; names that a file system may take for
///   these (``OwnNames``); and names that it refuses. A key that is a folder of others, or is below an object, is
///   `conflict` in a put and missing for a read.
/// - Other file systems may be mounted below the root. A file that is being written is in the top folder of its mount.
/// - A listing reads each folder that it enters once per page; the time for a page depends on the sizes of these
///   folders.
public final class LocalStorage: ObjectStorage {
    private static let listingThreads = 2

    /// What a file system may lack. Only tests switch these off.
    struct Features: Sendable {
        var unnamedFiles = true
        var attributes = true
    }

    /// Everything is supported, between processes too: conditions are checked under lock files, and listings are in
    /// byte order.
    public let capabilities: StorageCapabilities
    private let reader: LocalReader
    private let writer: LocalWriter
    let pool: BlockingPool
    /// Listing large folders takes long: listings have their own threads, and reads never wait for them.
    let listingPool: BlockingPool
    private let features: Features

    /// Opens the store, makes missing folders, and removes what killed writers have left. Blocks for some file calls.
    ///
    /// - Parameters:
    ///   - root: the folder; its path may contain symlinks.
    ///   - partSize: bytes in a part of an upload, at least 1.
    ///   - threads: how many calls may wait for the disk at once, at least 1.
    ///   - timeout: for one call, including the wait for a thread; for a body, for each piece of it.
    ///   - now: the clock, for the files' modification times.
    ///   - clock: the clock for timeouts.
    /// - Throws: ``StorageError``: `denied`, `full`, `conflict` if the root is a file, `unsupported` if the file system
    ///   has no locks.
    public convenience init(
        root: String, partSize: Int = 8 << 20, threads: Int = 8, timeout: Duration = .seconds(10),
        clock: MonotonicClock = .continuous, now: @escaping WallClock = { .now }
    ) throws(StorageError) {
        try self.init(
            root: root, partSize: partSize, threads: threads, timeout: timeout, features: Features(), clock: clock,
            now: now)
    }

    init(
        root: String, partSize: Int = 8 << 20, threads: Int = 8, timeout: Duration = .seconds(10), features: Features,
        clock: MonotonicClock = .continuous, now: @escaping WallClock = { .now }
    ) throws(StorageError) {
        precondition(partSize > 0 && threads > 0, "a part has at least one byte, a pool one thread")
        do {
            let tree = try LocalTree(path: root)
            let folder = try tree.openOwn(LocalTree.temporaryFolder)
            let unnamed = features.unnamedFiles && TemporaryFile.canBeUnnamed(in: folder)
            self.reader = LocalReader(tree: tree)
            self.writer = LocalWriter(
                tree: tree, locks: KeyLockFiles(tree: tree, timeout: timeout, clock: clock),
                places: TemporaryPlaces(tree: tree, usesUnnamedFiles: unnamed), now: now
            )
            _ = try writer.sweep(olderThan: 0)
        } catch {
            throw error.storageError(during: .probe)
        }
        self.capabilities = StorageCapabilities(partSize: partSize)
        self.features = features
        self.pool = BlockingPool(threads: threads, timeout: timeout, clock: clock)
        self.listingPool = BlockingPool(
            threads: min(threads, Self.listingThreads), timeout: timeout, givesWay: true,
            rejectionCode: .overloaded, clock: clock)
    }

    /// Opens the file on a thread of the pool. A small range is read in the same step; of a larger one the body reads
    /// piece by piece, each within the timeout.
    public func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        let (object, range, first) = try await pool.run(.get) { [reader] () throws(LocalStorageError) in
            let object = try reader.open(LocalKey(key))
            let range = try options.bytes(of: object.info)
            let isSmall = range.count <= LocalReader.chunkSize
            return (object, range, isSmall ? try LocalReader.read(object, range) : nil)
        }
        let body = LocalReader.body(object, range, first: first, pool: pool)
        return GetResult(info: object.info, range: range, body: body)
    }

    /// Reads the file's status and its extended attribute.
    public func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await pool.run(.head) { [reader] () throws(LocalStorageError) in try reader.open(LocalKey(key)).info }
    }

    /// Writes a temporary file, then moves it to its place. Carries the extended attributes of other programs if asked
    /// to.
    public func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions
    ) async throws(StorageError) -> PutResult {
        let attributes = FileAttributes(contentType: options.contentType, metadata: options.metadata)
        let begun = NIOLockedValueBox<TemporaryFile?>(nil)
        do throws(StorageError) {
            let etag = try await pool.run(.put) { [self] () throws(LocalStorageError) in
                let key = try LocalKey(key)
                let file = try begin(key, attributes)
                begun.withLockedValue { $0 = file }
                try file.write(bytes, at: 0)
                return try writer.commit(file, to: key, mode: options.mode, carries: options.carrying != nil)
            }
            return PutResult(etag: etag)
        } catch {
            begun.withLockedValue { $0 }?.giveUp()
            throw error
        }
    }

    /// Opens a temporary file that the parts are written to.
    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        let attributes = FileAttributes(contentType: options.contentType, metadata: options.metadata)
        return try await pool.run(.beginUpload) { [self] () throws(LocalStorageError) in
            let key = try LocalKey(key)
            return LocalUpload(
                try begin(key, attributes), key: key, writer: writer, pool: pool,
                partSize: capabilities.partSize)
        }
    }

    private func begin(_ key: LocalKey, _ attributes: FileAttributes) throws(LocalStorageError) -> TemporaryFile {
        try attributes.check()
        return try writer.places.makeFile(for: key, features.attributes ? attributes : nil)
    }

    /// Removes the file under the lock of its key.
    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await pool.run(.delete) { [writer] () throws(LocalStorageError) in
            try writer.remove(LocalKey(key), ifMatch: ifMatch)
        }
    }

    /// Walks the folders on one of the threads for listings.
    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await listingPool.run(.list) { [reader] () throws(LocalStorageError) in
            try LocalListing.page(request, in: reader.tree)
        }
    }

    /// Checks that the store's own temporary folder is there and can be written to.
    public func checkAvailability() async throws(StorageError) {
        try await pool.run(.checkAvailability) { [writer] () throws(LocalStorageError) in
            try writer.checkAvailability()
        }
    }

    /// Removes temporary files that killed writers have left. Those of living writers, in any process, stay.
    ///
    /// - Parameter age: only files whose last write is so long ago.
    /// - Returns: how many were removed.
    @discardableResult
    public func sweep(olderThan age: Duration = .zero) async throws(StorageError) -> Int {
        try await pool.run(.probe) { [writer] () throws(LocalStorageError) in
            try writer.sweep(olderThan: age.components.seconds)
        }
    }
}
