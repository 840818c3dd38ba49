import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage

/// Finds out from an object's bytes what it is, if its record does not tell.
struct ImageInspection: Sendable {
    let storage: any ObjectStorage

    /// Whether files of this format may have facts after their header.
    static func needsWholeFile(_ format: ImageFormat) -> Bool {
        switch format {
        case .jpeg, .avif: false
        case .png, .webp: true
        }
    }

    /// By its record if that certainly belongs to these bytes, else by its first bytes. Nil if it is not a picture.
    func describe(_ object: ObjectInfo) async throws(StorageError) -> StoredImage? {
        if let image = ImageRecord(object).image {
            return StoredImage(object: object, format: image.format, image: image)
        }
        return try await readHeader(of: object)
    }

    /// Reads the beginning of an object, or more if its header is long. Nil if it is not a picture.
    ///
    /// - Throws: `preconditionFailed` if the object was replaced.
    func readHeader(of object: ObjectInfo) async throws(StorageError) -> StoredImage? {
        guard object.size > 0 else { return nil }
        for length in Self.probeLengths {
            let head = try await read(object, upTo: length)
            guard let format = ImageFormat.detect(head.readableBytesSpan) else { return nil }
            let isWhole = Int64(length) >= object.size
            do {
                var image = try await HeaderReading.read(head, limits: Self.unlimited)
                if Self.needsWholeFile(format) { image.frames = nil }
                return StoredImage(object: object, format: format, image: image)
            } catch .truncated where !isWhole && length != Self.probeLengths.last {
                continue
            } catch {
                return StoredImage(object: object, format: format, image: nil, depth: .whole)
            }
        }
        return nil
    }

    /// Reads all of it, in constant memory. What a damaged file does not tell stays unknown.
    ///
    /// - Throws: `preconditionFailed` if the object was replaced.
    func readWhole(_ image: StoredImage) async throws(StorageError) -> StoredImage {
        var info = image.image
        var check = StructureCheck(format: image.format, limits: Self.unlimited)
        do {
            let got = try await storage.get(image.object.key, options: GetOptions(ifMatch: image.etag))
            for try await chunk in got.body { try check.consume(chunk.readableBytesSpan) }
            let summary = try check.finish()
            // If the structure does not tell, the header's number stays.
            if let frames = summary.frames { info?.frames = frames }
            if let orientation = summary.lateOrientation { info?.orientation = orientation }
            if let hasAlpha = summary.hasAlpha { info?.hasAlpha = hasAlpha }
        } catch is CodecError {
            // Damaged: a second try would find the same.
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.cancelled, during: .get, cause: error)
        }
        return StoredImage(object: image.object, format: image.format, image: info, depth: .whole)
    }

    private func read(_ object: ObjectInfo, upTo length: Int) async throws(StorageError) -> ByteBuffer {
        do {
            let options = GetOptions(range: .closed(first: 0, last: Int64(length - 1)), ifMatch: object.etag)
            return try await storage.get(object.key, options: options).body.collect(upTo: length)
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.cancelled, during: .get, cause: error)
        }
    }

    /// Reading a header takes no memory for pixels.
    private static let unlimited = CodecLimits(
        maximumPixels: .max, maximumFrames: .max, maximumProfileBytes: 16 << 20, maximumScans: .max)

    /// Most headers end in the first length; EXIF with a thumbnail and a large profile in the second. The last is also
    /// where uploads stop searching.
    private static let probeLengths = [64 << 10, 1 << 20, 8 << 20]
}
