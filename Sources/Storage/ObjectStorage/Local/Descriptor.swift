import Glibc

/// An open file or folder, closed with its last owner.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Makes what was written, or the folder's entries, durable.
    func sync() throws(LocalStorageError) {
        try systemCall("fsync") { fsync(number) }
    }

    func status() throws(LocalStorageError) -> FileStatus {
        var status = stat()
        try systemCall("fstat") { fstat(number, &status) }
        return FileStatus(status)
    }

    /// Whether it still has a name anywhere.
    var isLinked: Bool {
        var status = stat()
        return fstat(number, &status) == 0 && status.st_nlink > 0
    }

    /// What stands under a name in this folder, a symlink itself and not what it points to; nil: nothing.
    func status(of name: FileName) throws(LocalStorageError) -> FileStatus? {
        var status = stat()
        do {
            try systemCall("fstatat", takesName: true) { fstatat(number, name.text, &status, AT_SYMLINK_NOFOLLOW) }
        } catch let error where error.number == ENOENT {
            return nil
        }
        return FileStatus(status)
    }
}

/// One part of a path, as C wants it.
struct FileName: Sendable, Hashable {
    /// With the NUL at its end.
    let text: [CChar]

    /// - Parameter bytes: without NUL and slash.
    init(_ bytes: some Collection<UInt8>) {
        self.text = bytes.map { CChar(bitPattern: $0) } + [0]
    }

    init(_ text: String) {
        self.init(text.utf8)
    }

    /// The longest name that Linux file systems take, in bytes (NAME_MAX).
    static let maximumLength = 255
}
