import Glibc

/// Why the file system, or a rule of the local store, refused a call. Becomes a ``StorageError`` once the call is
/// known.
struct LocalStorageError: Error {
    var code: StorageError.Code
    var detail: String
    var objectSize: Int64?
    /// 0 if no system call failed.
    var number: Int32 = 0
    var mayHaveHappened = false

    init(_ code: StorageError.Code, _ detail: String, objectSize: Int64? = nil) {
        self.code = code
        self.detail = detail
        self.objectSize = objectSize
    }

    /// A system call's errno, as errno(3) and the calls' own pages explain it.
    ///
    /// - Parameter takesName: whether the call had a name from a client: EINVAL then says that the file system does not
    ///   accept it (a colon on exFAT, a trailing dot on SMB).
    init(_ call: StaticString, _ number: Int32, takesName: Bool = false) {
        self.code =
            switch number {
            case EINVAL where takesName: .invalidKey
            case ENOSPC, EDQUOT: .full
            case ENAMETOOLONG, EILSEQ: .invalidKey
            case EACCES, EPERM, EROFS: .denied
            case ENOENT: .notFound
            case EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, ELOOP: .conflict
            case EFBIG, EOPNOTSUPP, ENOSYS, ENOLCK, EXDEV: .unsupported
            default: .unavailable
            }
        self.detail = "\(call): \(String(cString: strerror(number)))"
        self.number = number
    }

    func storageError(during operation: StorageError.Operation) -> StorageError {
        StorageError(
            code, during: operation, detail: detail, objectSize: objectSize, mayHaveHappened: mayHaveHappened
        )
    }
}

extension GetOptions {
    /// The range of bytes to read from this object.
    func bytes(of object: ObjectInfo) throws(LocalStorageError) -> Range<Int64> {
        if let ifMatch, ifMatch != object.etag {
            throw LocalStorageError(.preconditionFailed, "the object has version \(object.etag)")
        }
        guard let range else { return 0..<object.size }
        guard let resolved = range.resolve(size: object.size) else {
            throw LocalStorageError(.rangeNotSatisfiable, "\(range)", objectSize: object.size)
        }
        return resolved
    }
}

/// Repeats a system call while a signal interrupts it.
///
/// - Throws: ``LocalStorageError`` with the call's errno if it returns less than 0.
@discardableResult
func systemCall<Answer: SignedInteger>(
    _ name: StaticString, takesName: Bool = false, _ body: () -> Answer
) throws(LocalStorageError) -> Answer {
    while true {
        let answer = body()
        if answer >= 0 { return answer }
        let number = errno
        if number != EINTR { throw LocalStorageError(name, number, takesName: takesName) }
    }
}
