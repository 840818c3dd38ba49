public import ObjectStorage
public import TextCoding

/// Finds the derived objects that nothing refers to any more, and removes them: a crash, a race or an outage of the
/// store has left them. They are never served; they only take space.
///
/// Garbage is
/// - what was made of a version that is not the original's present one,
/// - what another revision of the renderer has made,
/// - leases whose holder has died.
///
/// A wrongly removed object would cost one render. The collection may run beside servers of the same release: it judges
/// by this renderer's revision.
public struct DerivedGarbage: Sendable {
    /// What was found.
    public struct Report: Sendable, Hashable {
        /// Derived objects that were examined.
        public var objects = 0
        /// Those of them that are garbage.
        public var garbage = 0
        /// Their sizes together.
        public var garbageBytes: Int64 = 0
        /// Objects whose original is unknown or cannot be read. They are left alone.
        public var unknown = 0

        /// A report of zeros.
        public init() {}

        fileprivate init(unknown: Int) { self.unknown = unknown }
    }

    private let storage: any ObjectStorage
    private let minimumAge: Duration
    private let isRemoving: Bool
    private let now: WallClock

    /// How many originals are asked for at a time.
    private static let width = 16
    /// How many objects of one path are asked for its name: one may be gone or belong to another program.
    private static let witnesses = 4

    /// - Parameters:
    ///   - minimumAge: younger objects are left alone, since their write may not be over.
    ///   - isRemoving: false: garbage is only counted.
    ///   - now: the clock, for the age of objects.
    public init(
        storage: any ObjectStorage, minimumAge: Duration, isRemoving: Bool, now: @escaping WallClock = { .now }
    ) {
        self.storage = storage
        self.now = now
        self.minimumAge = minimumAge
        self.isRemoving = isRemoving
    }

    /// Goes through all derived objects, and adds what it finds to the report.
    ///
    /// - Throws: ``StorageError`` if the store fails; objects removed before that stay removed.
    public func collect(into report: inout Report) async throws(StorageError) {
        var request = ListRequest(prefix: Array("\(DerivedObjects.root)/".utf8))
        repeat {
            let page = try await storage.list(request)
            report.objects += page.items.count
            var groups = Dictionary(grouping: page.items) { Self.folderOfPath($0.key) }
            report.unknown += groups.removeValue(forKey: nil)?.count ?? 0
            var rest = groups.compactMap { folder, items in folder.map { (folder: $0, items: items) } }[...]
            while !rest.isEmpty {
                let results = await withTaskGroup { tasks in
                    for group in rest.prefix(Self.width) {
                        tasks.addTask { await self.judge(group.items, in: group.folder) }
                    }
                    return await tasks.reduce(into: []) { $0.append($1) }
                }
                rest = rest.dropFirst(Self.width)
                for result in results { report.add(try result.get()) }
            }
            guard page.cursor == nil || page.cursor != request.cursor else {
                throw StorageError(.badAnswer, during: .list, detail: "a listing that does not continue")
            }
            request.cursor = page.cursor
        } while request.cursor != nil
    }

    /// Judges all objects of one path.
    private func judge(_ items: [ObjectInfo], in folder: String) async -> Result<Report, StorageError> {
        do throws(StorageError) {
            var report = Report()
            guard let path = try await path(of: items, in: folder) else {
                return .success(Report(unknown: items.count))
            }
            let present = try await presentVersion(of: path).map { DerivedObjects.folder($0) }
            let now = now()
            for item in items where isOld(item, now) && Self.isGarbage(item.key.text, present: present) {
                report.garbage += 1
                report.garbageBytes += item.size
                if isRemoving { try await storage.delete(item.key, ifMatch: nil) }
            }
            return .success(report)
        } catch  where error.code == .denied {
            // One original that cannot be read is no reason to leave all others.
            return .success(Report(unknown: items.count))
        } catch {
            return .failure(error)
        }
    }

    /// The original's path, as one of the objects tells it; nil if none does, or if the path does not match the folder.
    private func path(of items: [ObjectInfo], in folder: String) async throws(StorageError) -> ObjectKey? {
        for item in items.prefix(Self.witnesses) {
            guard let text = try await head(item.key)?.metadata[DerivedObjects.pathName],
                let path = Base64URL.decode(text).flatMap({ ObjectKey($0) }), DerivedObjects.folder(path) == folder
            else { continue }
            return path
        }
        return nil
    }

    private func presentVersion(of path: ObjectKey) async throws(StorageError) -> OriginalVersion? {
        try await head(path).map { OriginalVersion(path: path, etag: $0.etag) }
    }

    private func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? {
        do throws(StorageError) {
            return try await storage.head(key)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    private func isOld(_ item: ObjectInfo, _ now: Timestamp) -> Bool {
        guard let written = item.lastModified else { return false }
        return now.seconds - written.seconds >= minimumAge.components.seconds
    }

    private static func isGarbage(_ key: String, present: String?) -> Bool {
        guard let present, key.hasPrefix(present) else { return true }
        let name = key.dropFirst(present.count)
        return name.hasPrefix(RenditionLease.kind)
            || name.hasPrefix(RenditionStore.kind) && !name.hasPrefix(RenditionStore.start)
    }

    /// `.tintype/derived/<two digits>/<SHA-256 of the path>/`; nil if the key has another form.
    private static func folderOfPath(_ key: ObjectKey) -> String? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        return parts.prefix(4).joined(separator: "/") + "/"
    }
}

extension DerivedGarbage.Report {
    fileprivate mutating func add(_ other: Self) {
        objects += other.objects
        garbage += other.garbage
        garbageBytes += other.garbageBytes
        unknown += other.unknown
    }
}
