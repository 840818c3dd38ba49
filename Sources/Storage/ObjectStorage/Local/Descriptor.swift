import Glibc

/// An open file or folder. It is closed with its last owner.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Makes the written bytes, or the folder's entries, durable.
    func sync() throws(LocalStorageError) {
        try systemCall("fsync") { fsync(number) }
    }

    func status() throws(LocalStorageError) -> FileStatus {
        var status = stat()
        try systemCall("fstat") { fstat(number, &status) }
        return FileStatus(status)
    }

    /// Whether it still has a name in any folder.
    var isLinked: Bool {
        var status = stat()
        return fstat(number, &status) == 0 && status.st_nlink > 0
    }

    /// The status of the entry with this name, of a symlink itself and not of its target; nil: no entry.
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

/// One component of a path, as C needs it.
struct FileName: Sendable, Hashable {
    /// With the NUL at its end.
    let text: [CChar]

    /// - Parameter bytes: must not contain NUL or a slash.
    init(_ bytes: some Collection<UInt8>) {
        self.text = bytes.map { CChar(bitPattern: $0) } + [0]
    }

    init(_ text: String) {
        self.init(text.utf8)
    }

    /// The longest name that Linux file systems accept, in bytes (NAME_MAX).
    static let maximumLength = 255
}
