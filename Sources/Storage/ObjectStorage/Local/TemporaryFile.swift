import CLinux
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import TextCoding

/// A file that is being written, invisible to readers. It has no name if the file system supports that, so a killed
/// process leaves nothing. Otherwise, and shortly before it replaces another file, it has a random name among the
/// temporary files. Its writer holds a flock on it, so that a sweep can tell it from the files of killed processes.
final class TemporaryFile: Sendable {
    let file: Descriptor
    private let folder: Descriptor
    /// Its name among the temporary files; nil: it has none, or was moved to its key.
    private let name: NIOLockedValueBox<FileName?>
    /// How its name begins, if it gets one.
    private let namePrefix: String
    /// Content type and metadata.
    private let attributes: FileAttributes?
    private let hasCarried = NIOLockedValueBox(false)
    private let isGivenUp = NIOLockedValueBox(false)

    /// - Parameters:
    ///   - folder: the folder of temporary files.
    ///   - unnamed: whether the file system supports files without names.
    ///   - namePrefix: how its name begins, if it gets one.
    ///   - attributes: written with the bytes; nil: none.
    init(
        in folder: Descriptor, unnamed: Bool, namePrefix: String = "", attributes: FileAttributes? = nil
    ) throws(LocalStorageError) {
        self.folder = folder
        self.namePrefix = namePrefix
        self.attributes = attributes
        if unnamed {
            self.file = Descriptor(try systemCall("open a temporary file") { cl_open_unnamed(folder.number, 0o666) })
            self.name = NIOLockedValueBox(nil)
            try systemCall("flock") { flock(file.number, LOCK_EX) }
            return
        }
        while true {
            let name = TemporaryFile.randomName(namePrefix)
            let file = Descriptor(
                try systemCall("open a temporary file") {
                    openat(folder.number, name.text, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
                }
            )
            try systemCall("flock") { flock(file.number, LOCK_EX) }
            // Between the two calls, a sweep may have taken the file for a dead writer's.
            var status = stat()
            try systemCall("fstat") { fstat(file.number, &status) }
            if status.st_nlink == 0 { continue }
            self.file = file
            self.name = NIOLockedValueBox(name)
            return
        }
    }

    deinit {
        discard()
    }

    /// Keeps the file from becoming visible from now on: if the caller has left and a hung file system comes back, the
    /// late write must not undo newer ones. Does not block.
    func giveUp() {
        isGivenUp.withLockedValue { $0 = true }
    }

    private func checkWanted() throws(LocalStorageError) {
        if isGivenUp.withLockedValue({ $0 }) { throw LocalStorageError(.cancelled, "the write was given up") }
    }

    /// Whether its name, if it has one, is still there.
    var isThere: Bool { name.withLockedValue { $0 } == nil || file.isLinked }

    /// Removes its name, if it has one. The bytes are freed with the last descriptor.
    func discard() {
        name.withLockedValue { name in
            if let taken = name { unlinkat(folder.number, taken.text, 0) }
            name = nil
        }
    }

    /// Writes all of the bytes, from this offset on.
    func write(_ bytes: ByteBuffer, at offset: Int64) throws(LocalStorageError) {
        var offset = offset
        var rest = bytes.readableBytesView
        while !rest.isEmpty {
            let count = try systemCall("pwrite") {
                rest.withUnsafeBytes { pwrite(file.number, $0.baseAddress, $0.count, off_t(offset)) }
            }
            rest = rest.dropFirst(count)
            offset += Int64(count)
        }
    }

    /// Sets the file's time to `now`, or if that is not later than `earlier`, to the next time that is: the version is
    /// new even if the clock stands still or goes back. File systems store times in steps of up to 2 s.
    ///
    /// - Returns: whether the time had to be changed: only the next sync makes that durable.
    @discardableResult
    func setModified(now: Timestamp?, laterThan earlier: Timestamp?) throws(LocalStorageError) -> Bool {
        if now == nil {
            guard let earlier, try file.status().modified <= earlier else { return false }
        }
        for step: Int64 in [1, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000] {
            var wanted = now ?? Timestamp(seconds: 0)
            if let earlier { wanted = max(wanted, earlier.advanced(byNanoseconds: step)) }
            var time = timespec()
            time.tv_sec = Int(wanted.seconds)
            time.tv_nsec = Int(wanted.nanoseconds)
            try systemCall("futimens") { futimens(file.number, [time, time]) }
            guard let earlier, try file.status().modified <= earlier else { return true }
        }
        throw LocalStorageError(.unsupported, "the file system keeps no modification times")
    }

    /// Writes content type and metadata, bound to the bytes. All bytes must be written, and the time must be set.
    func describe() throws(LocalStorageError) {
        do throws(LocalStorageError) {
            try attributes?.write(to: file)
        } catch {
            // What others have put there must be kept; ours can be derived again.
            let isFull = [ENOSPC, EDQUOT, E2BIG, ERANGE].contains(error.number)
            guard isFull, hasCarried.withLockedValue({ $0 }) else { throw error }
        }
    }

    /// Copies what others have put on another file: attributes, access list and mode, and the owner if that is allowed.
    func carry(from other: Descriptor) throws(LocalStorageError) {
        let count = try ForeignAttributes.copy(from: other, to: file)
        if count > 0 { hasCarried.withLockedValue { $0 = true } }
    }

    /// Makes the file visible under a free name. If it had a name from the beginning, it is renamed; only then, a file
    /// that somebody creates under the same name at this very moment is replaced.
    ///
    /// - Throws: ``LocalStorageError`` with EEXIST if the name is not free, ENOENT if the folder is gone.
    func create(_ leaf: FileName, in target: Descriptor) throws(LocalStorageError) {
        try checkWanted()
        if name.withLockedValue({ $0 }) == nil {
            try systemCall("link", takesName: true) { cl_link_unnamed(file.number, target.number, leaf.text) }
        } else {
            try replace(leaf, in: target)
        }
    }

    /// Makes the file visible under a name. In the same step it replaces the file or symlink of that name, if any.
    ///
    /// - Throws: ``LocalStorageError`` with EISDIR if a folder has the name, ENOENT if the folder is gone.
    func replace(_ leaf: FileName, in target: Descriptor) throws(LocalStorageError) {
        try checkWanted()
        let source: FileName
        if let known = name.withLockedValue({ $0 }) {
            source = known
        } else {
            // Linux has no call that replaces a file by one without a name.
            source = TemporaryFile.randomName(namePrefix)
            do throws(LocalStorageError) {
                try systemCall("link") { cl_link_unnamed(file.number, folder.number, source.text) }
            } catch let error where error.number == ENOENT {
                throw LocalStorageError(.unavailable, "the folder of temporary files has gone")
            }
            name.withLockedValue { $0 = source }
        }
        try systemCall("rename", takesName: true) { renameat(folder.number, source.text, target.number, leaf.text) }
        name.withLockedValue { $0 = nil }
    }

    private static func randomName(_ prefix: String) -> FileName {
        FileName(prefix + Hexadecimal.random(bytes: 16))
    }

    /// Whether all that files without names need works here: O_TMPFILE, flock, and /proc for the name.
    static func canBeUnnamed(in folder: Descriptor, namePrefix: String = "") -> Bool {
        do {
            try TemporaryFile(in: folder, unnamed: true, namePrefix: namePrefix).probe()
            return true
        } catch {
            return false
        }
    }

    private func probe() throws(LocalStorageError) {
        let trial = TemporaryFile.randomName(namePrefix)
        try systemCall("link") { cl_link_unnamed(file.number, folder.number, trial.text) }
        name.withLockedValue { $0 = trial }
        discard()
    }
}

extension Timestamp {
    fileprivate func advanced(byNanoseconds step: Int64) -> Timestamp {
        let sum = Int64(nanoseconds) + step
        return Timestamp(seconds: seconds + sum / 1_000_000_000, nanoseconds: Int32(sum % 1_000_000_000))
    }
}
