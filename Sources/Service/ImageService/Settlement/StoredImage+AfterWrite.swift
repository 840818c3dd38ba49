import ImageCache
import ImageModel
import ObjectStorage
import TaskSupport

extension StoredImage {
    /// The picture after a write of ours, with the store's own time. If the answer to the write did not tell the time,
    /// the store is asked. The time stays unknown if another write has come since, or the store cannot be asked.
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

    /// The picture that a look found after a write of ours that made `image`. If that write is the object's newest one,
    /// the picture is still ours. Else it is what others have made of it, and is described as that, from its bytes if
    /// needed.
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
