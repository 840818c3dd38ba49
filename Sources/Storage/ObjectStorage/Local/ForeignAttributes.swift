import CLinux
import Glibc

/// What other programs have put on a file, for a file that replaces it: extended attributes in the `user` namespace,
/// the access list, mode and owner. Labels and capabilities belong to the system.
enum ForeignAttributes {
    /// More bytes of names than file systems keep.
    private static let longest = 64 << 10
    private static let accessList = "system.posix_acl_access"

    /// - Returns: how many attributes were copied.
    /// - Throws: ``LocalStorageError`` if a user's attribute would be lost.
    static func copy(from source: Descriptor, to target: Descriptor) throws(LocalStorageError) -> Int {
        var status = stat()
        var own = stat()
        if fstat(source.number, &status) == 0, fstat(target.number, &own) == 0 {
            if status.st_uid != own.st_uid || status.st_gid != own.st_gid {
                // Only root may do this. It comes before the mode, because it clears bits of it.
                _ = fchown(target.number, status.st_uid, status.st_gid)
            }
            // The server must be able to read what it writes.
            _ = fchmod(target.number, status.st_mode & 0o777 | S_IRUSR | S_IWUSR)
        }
        var count = 0
        for name in names(of: source) where name != FileAttributes.name {
            let isUsers = name.hasPrefix("user.")
            guard isUsers || name == accessList, let value = value(of: name, in: source) else { continue }
            do throws(LocalStorageError) {
                try systemCall("fsetxattr") { cl_set_attribute(target.number, name, value, value.count) }
                count += 1
            } catch {
                if isUsers { throw error }
            }
        }
        return count
    }

    private static func names(of file: Descriptor) -> [String] {
        let bytes = filled(upTo: longest) { cl_list_attributes(file.number, $0, $1) } ?? []
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func value(of name: String, in file: Descriptor) -> [UInt8]? {
        filled(upTo: longest) { cl_get_attribute(file.number, name, $0, $1) }
    }

    private static func filled(
        upTo limit: Int, _ call: (UnsafeMutableRawPointer, Int) -> Int
    ) -> [UInt8]? {
        withUnsafeTemporaryAllocation(byteCount: limit, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = call(start, buffer.count)
            return count >= 0 ? Array(buffer[..<count]) : nil
        }
    }
}
