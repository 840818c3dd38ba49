import ImageCache
import ImageModel
import ObjectStorage
import TaskSupport

extension StoredImage {
    /// What a write of ours has made, with the store's own time. Where the answer to the write did not tell it, the
    /// store is asked; where another write has come since, or the store cannot be asked, it is not known.
    static func afterWrite(
        of path: ImagePath, put: PutResult, image: ImageInfo, size: Int64, storage: any ObjectStorage,
        cache: CurrentImages.Cache, clock: MonotonicClock
    ) async -> StoredImage {
        let epoch = cache.epoch(of: path.key)
        let asked = clock.now()
        if put.lastModified == nil, let object = try? await storage.head(path.key), object.etag == put.etag {
            let stored = StoredImage(object: object, format: image.format, image: image)
            cache.setCurrent(path.key, CurrentEntry(image: stored, asked: asked), asked: epoch)
            return stored
        }
        let object = ObjectInfo(key: path.key, size: size, etag: put.etag, lastModified: put.lastModified)
        return StoredImage(object: object, format: image.format, image: image)
    }

    /// What a look has found after a write of ours that made `image`. Only where that write is the object's newest is
    /// the picture ours still; else it is what others have made of it, and described as that, from its bytes where need
    /// be.
    static func found(
        _ object: ObjectInfo, after write: WriteID, of image: ImageInfo, storage: any ObjectStorage
    ) async -> StoredImage {
        if ImageRecord(object).writes.last == write {
            return StoredImage(object: object, format: image.format, image: image)
        }
        if let described = try? await ImageInspection(storage: storage).describe(object) { return described }
        return StoredImage(object: object, format: image.format, image: nil)
    }
}
