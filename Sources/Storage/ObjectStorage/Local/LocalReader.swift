import Glibc
import NIOCore

/// Reads an object from one open file. A write meanwhile puts another file in its place, which changes nothing for this
/// reader. Blocks.
struct LocalReader: Sendable {
    /// Bytes in memory for each reader. An object of up to this size is read in the same step as it is opened.
    static let chunkSize = 128 << 10

    let tree: LocalTree

    struct OpenObject: Sendable {
        let file: Descriptor
        let status: FileStatus
        let info: ObjectInfo
    }

    /// - Throws: ``LocalStorageError`` with `notFound` if there is no regular file.
    func open(_ key: LocalKey) throws(LocalStorageError) -> OpenObject {
        guard let folder = try tree.open(key.folders) else { throw LocalStorageError(.notFound, "no such object") }
        let file: Descriptor
        do {
            // Without O_NONBLOCK, a pipe in the tree would block this thread forever.
            file = Descriptor(
                try systemCall("open", takesName: true) {
                    openat(folder.number, key.leaf.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                }
            )
        } catch let error where error.number == ELOOP || error.number == ENXIO {
            throw LocalStorageError(.notFound, "no regular file")
        }
        let status = try file.status()
        guard status.kind == .file else { throw LocalStorageError(.notFound, "no regular file") }
        let attributes = FileAttributes(of: file)
        let info = ObjectInfo(
            key: key.key, size: status.size, etag: status.etag, lastModified: status.modified,
            contentType: attributes.contentType, metadata: attributes.metadata,
            hasBoundMetadata: attributes.binding == FileAttributes.Binding(status)
        )
        return OpenObject(file: file, status: status, info: info)
    }

    /// The next bytes of an open object.
    ///
    /// - Throws: ``LocalStorageError`` with `badAnswer` if somebody has changed the file in place: the bytes may be of
    ///   two versions, or too few.
    static func read(_ object: OpenObject, _ range: Range<Int64>) throws(LocalStorageError) -> ByteBuffer {
        let wanted = Int(min(range.upperBound - range.lowerBound, Int64(chunkSize)))
        var buffer = ByteBuffer()
        buffer.reserveCapacity(wanted)
        while buffer.readableBytes < wanted {
            let missing = wanted - buffer.readableBytes
            let offset = off_t(range.lowerBound) + buffer.readableBytes
            var count = 0
            var number: Int32 = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { space in
                repeat {
                    count = pread(object.file.number, space.baseAddress, missing, offset)
                    number = errno
                } while count < 0 && number == EINTR
                return max(count, 0)
            }
            if count < 0 { throw LocalStorageError("pread", number) }
            if count == 0 { throw LocalStorageError(.badAnswer, "the file was cut while it was read") }
        }
        let now = try object.file.status()
        guard now.size == object.status.size, now.modified == object.status.modified else {
            throw LocalStorageError(.badAnswer, "the file was changed in place while it was read")
        }
        return buffer
    }

    /// A body that reads chunk by chunk on the pool's threads.
    static func body(
        _ object: OpenObject, _ range: Range<Int64>, first: ByteBuffer?, pool: BlockingPool
    ) -> ObjectBody {
        if let first { return ObjectBody(first) }
        return ObjectBody {
            var rest = range
            return {
                if rest.isEmpty { return nil }
                let wanted = rest
                let chunk = try await pool.run(.get) { () throws(LocalStorageError) in
                    try LocalReader.read(object, wanted)
                }
                rest = (wanted.lowerBound + Int64(chunk.readableBytes))..<wanted.upperBound
                return chunk
            }
        }
    }
}
