import CLinux
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import TextCoding

/// A file that is being written, seen by nobody: without a name where the file system can do that, so that a killed
/// process leaves nothing; else, and shortly before it takes another file's place, with a random name among the
/// temporary files. Its writer holds a flock on it, by which a sweep can tell it from what a killed process left.
final class TemporaryFile: Sendable {
    let file: Descriptor
    private let folder: Descriptor
    /// Its name among the temporary files; nil: none, or gone to its key.
    private let name: NIOLockedValueBox<FileName?>
    /// How its name begins, where it gets one.
    private let namePrefix: String
    /// Content type and metadata.
    private let attributes: FileAttributes?
    private let hasCarried = NIOLockedValueBox(false)
    private let isGivenUp = NIOLockedValueBox(false)

    /// - Parameters:
    ///   - folder: the folder of temporary files.
    ///   - unnamed: whether the file system has files without names.
    ///   - namePrefix: how its name begins, where it gets one.
    ///   - attributes: what is written beside the bytes; nil: nothing.
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
            // A sweep may have come between the two calls and have taken the file for a dead writer's.
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

    /// Never makes the file visible from now on: a file system that comes back after its caller has left must not bring
    /// a write with it that others have gone past. Does not block.
    func giveUp() {
        isGivenUp.withLockedValue { $0 = true }
    }

    private func checkWanted() throws(LocalStorageError) {
        if isGivenUp.withLockedValue({ $0 }) { throw LocalStorageError(.cancelled, "the write was given up") }
    }

    /// Whether nobody has taken away the name that it has, if any.
    var isThere: Bool { name.withLockedValue { $0 } == nil || file.isLinked }

    /// Takes its name away, if it has one. What was written is gone with the last descriptor.
    func discard() {
        name.withLockedValue { name in
            if let taken = name { unlinkat(folder.number, taken.text, 0) }
            name = nil
        }
    }

    /// Writes all of the bytes from an offset on.
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

    /// Gives the file the time `now`, or where that is not later than `earlier` the next one that is; so that the
    /// version is new even when the clock stands still or goes back. File systems keep times in steps of up to 2 s.
    ///
    /// - Returns: whether the time had to be changed: it is durable with the next sync only.
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

    /// Writes content type and metadata beside the bytes, bound to these: they must be all there, with their time.
    func describe() throws(LocalStorageError) {
        do throws(LocalStorageError) {
            try attributes?.write(to: file)
        } catch {
            // What others have put there can only be kept, ours can be derived again.
            let isRoom = [ENOSPC, EDQUOT, E2BIG, ERANGE].contains(error.number)
            guard isRoom, hasCarried.withLockedValue({ $0 }) else { throw error }
        }
    }

    /// Takes over what others have put beside another file: its attributes, its access list and mode, and its owner
    /// where that is allowed.
    func carry(from other: Descriptor) throws(LocalStorageError) {
        let count = try ForeignAttributes.copy(from: other, to: file)
        if count > 0 { hasCarried.withLockedValue { $0 = true } }
    }

    /// Makes the file visible under a name that is free. A file that had to have a name from the beginning is renamed:
    /// there alone, what a hand puts under the same name in this very moment is replaced.
    ///
    /// - Throws: ``LocalStorageError`` with EEXIST where it is not free, ENOENT where the folder has gone.
    func create(_ leaf: FileName, in target: Descriptor) throws(LocalStorageError) {
        try checkWanted()
        if name.withLockedValue({ $0 }) == nil {
            try systemCall("link", takesName: true) { cl_link_unnamed(file.number, target.number, leaf.text) }
        } else {
            try replace(leaf, in: target)
        }
    }

    /// Makes the file visible under a name, in the place of the file (or symlink) that has it, if any, in one step.
    ///
    /// - Throws: ``LocalStorageError`` with EISDIR where a folder has the name, ENOENT where the folder has gone.
    func replace(_ leaf: FileName, in target: Descriptor) throws(LocalStorageError) {
        try checkWanted()
        let source: FileName
        if let known = name.withLockedValue({ $0 }) {
            source = known
        } else {
            // Linux has no call that puts a file without a name in another one's place.
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

    /// Whether files without names work here from beginning to end: O_TMPFILE, flock, and /proc for the name.
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
