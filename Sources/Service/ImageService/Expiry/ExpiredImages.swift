public import ObjectStorage
public import TextCoding

/// Finds the images that have outlived their lifetime, and removes them. They are not served any more; they only take
/// space. What was made of them is then garbage; see ``DerivedGarbage``.
///
/// It may run beside servers: an image that is written anew meanwhile stays.
public struct ExpiredImages: Sendable {
    /// What was found.
    public struct Report: Sendable, Hashable {
        /// Images under the prefixes.
        public var images = 0
        /// Those of them that have outlived their lifetime.
        public var expired = 0
        /// Their sizes together.
        public var expiredBytes: Int64 = 0

        /// A report of zeros.
        public init() {}
    }

    private let storage: any ObjectStorage
    private let prefixes: [[UInt8]]
    private let isRemoving: Bool
    private let now: WallClock
    private let lifetime: @Sendable (ObjectKey) -> ImageLifetime?

    /// - Parameters:
    ///   - prefixes: where to look; none may contain another one.
    ///   - isRemoving: false: they are only counted.
    ///   - now: the clock, for the end of images.
    ///   - lifetime: of the image at a path; nil: it has no end.
    public init(
        storage: any ObjectStorage, prefixes: [[UInt8]], isRemoving: Bool, now: @escaping WallClock = { .now },
        lifetime: @escaping @Sendable (ObjectKey) -> ImageLifetime?
    ) {
        self.storage = storage
        self.prefixes = prefixes
        self.isRemoving = isRemoving
        self.now = now
        self.lifetime = lifetime
    }

    /// Goes through all images under the prefixes, and adds what it finds to the report.
    ///
    /// - Throws: ``StorageError`` if the store fails; images removed before that stay removed.
    public func collect(into report: inout Report) async throws(StorageError) {
        for prefix in prefixes {
            var request = ListRequest(prefix: prefix)
            repeat {
                let page = try await storage.list(request)
                for item in page.items { try await judge(item, &report) }
                guard page.cursor == nil || page.cursor != request.cursor else {
                    throw StorageError(.badAnswer, during: .list, detail: "a listing that does not continue")
                }
                request.cursor = page.cursor
            } while request.cursor != nil
        }
    }

    private static let own = Array((ImagePath.ownPrefix + "/").utf8)

    private func judge(_ item: ObjectInfo, _ report: inout Report) async throws(StorageError) {
        guard !item.key.hasPrefix(Self.own) else { return }
        report.images += 1
        guard let lifetime = lifetime(item.key), lifetime.isOver(item, at: now()) else { return }
        if isRemoving { guard try await remove(item.key, lifetime) else { return } }
        report.expired += 1
        report.expiredBytes += item.size
    }

    /// Looks once more before it deletes: a page of a listing is judged for some time, and the same bytes written anew
    /// have the same tag in S3, so that the condition alone would not protect them.
    ///
    /// - Returns: false if the image has been replaced meanwhile.
    private func remove(_ key: ObjectKey, _ lifetime: ImageLifetime) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            let found = try await storage.head(key)
            guard lifetime.isOver(found, at: now()) else { return false }
            try await storage.delete(key, ifMatch: found.etag)
            return true
        } catch  where error.code == .notFound {
            return true
        } catch  where error.code == .preconditionFailed || error.code == .conflict {
            return false
        }
    }
}
