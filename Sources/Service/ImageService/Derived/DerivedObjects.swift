import Crypto
import NIOCore
import ObjectStorage
import TaskSupport
import TextCoding

/// One version of an original, from which objects are derived.
struct OriginalVersion: Sendable, Hashable {
    var path: ObjectKey
    var etag: ETag

    init(path: ObjectKey, etag: ETag) {
        self.path = path
        self.etag = etag
    }

    init(_ image: StoredImage) {
        self.init(path: image.object.key, etag: image.etag)
    }
}

/// Objects derived from originals and kept in the store, so that they are made once for all replicas and restarts:
/// `.tintype/derived/<two digits>/<SHA-256 of the path>/<version>/<name>`. The two digits are the first of the hash:
/// file systems are slow with folders of millions.
///
/// All objects of a path are in one listing. An object of another version cannot be addressed: one that a crash or a
/// race has left is garbage, and never a wrong picture.
struct DerivedObjects: Sendable {
    private let storage: any ObjectStorage
    /// Work in the background of answers.
    let tasks: BackgroundTasks
    let clock: MonotonicClock
    private let removals: DerivedRemovals

    init(storage: any ObjectStorage, clock: MonotonicClock = .continuous) {
        self.storage = storage
        self.clock = clock
        tasks = BackgroundTasks(clock: clock)
        removals = DerivedRemovals(tasks: tasks, clock: clock) { path, etag throws(StorageError) in
            try await Self.removeAll(of: path, but: etag, from: storage)
        }
    }

    // MARK: Names

    static let root = "\(ImagePath.ownPrefix)/derived"

    static func folder(_ path: ObjectKey) -> String {
        let hash = StoredImage.hex(SHA256.hash(data: path.bytes))
        return "\(root)/\(hash.prefix(2))/\(hash)/"
    }

    static func folder(_ version: OriginalVersion) -> String {
        "\(folder(version.path))\(StoredImage.digest(version.etag.text))/"
    }

    /// The metadata field with the original's path, which the key does not contain.
    static let pathName = "tintype-path"

    /// - Parameter name: letters, digits and hyphens.
    static func key(_ name: String, of version: OriginalVersion) -> ObjectKey? {
        ObjectKey(folder(version) + name)
    }

    // MARK: Reading

    /// The object, with its body still to be read; nil if there is none.
    ///
    /// - Throws: ``StorageError`` only if the store is away or busy. If the store denies access, that counts as no
    ///   object.
    func get(_ name: String, of version: OriginalVersion) async throws(StorageError) -> GetResult? {
        guard let key = Self.key(name, of: version) else { return nil }
        do throws(StorageError) {
            return try await storage.get(key, options: GetOptions())
        } catch  where error.isOutage || error.code == .cancelled || error.code == .overloaded {
            throw error
        } catch {
            return nil
        }
    }

    /// How many objects of this version have names with this prefix, counted up to `limit`.
    func count(
        of version: OriginalVersion, beginningWith start: String, upTo limit: Int
    ) async throws(StorageError) -> Int {
        let prefix = Array((Self.folder(version) + start).utf8)
        return try await storage.list(ListRequest(prefix: prefix, limit: limit)).items.count
    }

    // MARK: Writing

    /// The outcome of an attempt to store something.
    enum StoreOutcome: Sendable, Hashable {
        case stored
        /// Another writer was first.
        case existed
        /// The only consequence: it will be made again.
        case failed
    }

    /// Keeps the bytes under a name that has no object yet. If the original was deleted or replaced meanwhile, that
    /// writer came too early to remove this object, so it is removed again.
    func keep(
        _ bytes: ByteBuffer, as name: String, of version: OriginalVersion, contentType: String
    ) async -> StoreOutcome {
        let outcome = await put(bytes, as: name, of: version, contentType: contentType)
        guard outcome == .stored else { return outcome }
        let isCurrent: Bool
        do throws(StorageError) {
            isCurrent = try await storage.head(version.path).etag == version.etag
        } catch {
            isCurrent = error.code != .notFound
        }
        if !isCurrent { await remove(name, of: version) }
        return outcome
    }

    /// Writes the object if there is none of this name. Does not check the original.
    func put(
        _ bytes: ByteBuffer, as name: String, of version: OriginalVersion, contentType: String
    ) async -> StoreOutcome {
        guard let key = Self.key(name, of: version) else { return .failed }
        let options = PutOptions(
            mode: .createOnly, contentType: contentType,
            metadata: [Self.pathName: Base64URL.encode(version.path.bytes)])
        do throws(StorageError) {
            _ = try await storage.put(key, bytes: bytes, options: options)
            return .stored
        } catch {
            return error.code == .preconditionFailed ? .existed : .failed
        }
    }

    func remove(_ name: String, of version: OriginalVersion) async {
        guard let key = Self.key(name, of: version) else { return }
        try? await storage.delete(key, ifMatch: nil)
    }

    /// Removes, in the background, the objects made of other versions than this one, or of all versions: the original
    /// was replaced or deleted.
    ///
    /// - Parameter isCertain: whether there was an original at all.
    func removeAll(of path: ObjectKey, but etag: ETag?, isCertain: Bool = true) {
        removals.begin(path, keeping: etag, isCertain: isCertain)
    }

    /// The same after a write that failed but may have happened.
    func removeIfWritten(_ path: ObjectKey, _ error: ServiceError) {
        guard case .storage(let error) = error, error.mayHaveHappened else { return }
        removeAll(of: path, but: nil, isCertain: false)
    }

    private static func removeAll(
        of path: ObjectKey, but etag: ETag?, from storage: any ObjectStorage
    ) async throws(StorageError) {
        let kept = etag.map { Array(folder(OriginalVersion(path: path, etag: $0)).utf8) }
        var request = ListRequest(prefix: Array(folder(path).utf8))
        repeat {
            let page = try await storage.list(request)
            for item in page.items where kept.map({ item.key.hasPrefix($0) }) != true {
                try await storage.delete(item.key, ifMatch: nil)
            }
            request.cursor = page.cursor
        } while request.cursor != nil
    }
}
