import Crypto
import Glibc
import TextCoding

/// What the file system tells of a file, and the version derived from it.
struct FileStatus: Sendable, Equatable {
    enum Kind: Sendable {
        case file
        case folder
        /// A symlink, a pipe or a device: never an object.
        case other
    }

    let kind: Kind
    let inode: UInt64
    let size: Int64
    let modified: Timestamp

    init(_ status: stat) {
        self.kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        self.inode = UInt64(status.st_ino)
        self.size = Int64(status.st_size)
        self.modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(status.st_mtim.tv_nsec))
    }

    /// The version: 128 bits of the SHA-256 of inode, size and modification time. So one rename sets bytes and version,
    /// and a file put there by hand has a version too.
    var etag: ETag {
        var hash = SHA256()
        for number in [inode, UInt64(bitPattern: size), UInt64(bitPattern: modified.seconds)] {
            withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
        }
        withUnsafeBytes(of: modified.nanoseconds.littleEndian) { hash.update(bufferPointer: $0) }
        return ETag(opaque: Hexadecimal.encode(hash.finalize().prefix(16)))
    }
}
