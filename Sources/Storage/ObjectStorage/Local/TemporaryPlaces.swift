import CLinux
import Glibc
import NIOConcurrencyHelpers

/// A file can be renamed without being copied only within one mount of one file system.
struct MountID: Hashable, Sendable {
    private let mount: UInt64
    private let device: UInt64

    init(of folder: Descriptor) throws(LocalStorageError) {
        var (mount, device): (UInt64, UInt64) = (0, 0)
        try systemCall("statx") { cl_file_system(folder.number, &mount, &device) }
        self.mount = mount
        self.device = device
    }
}

/// Where files are while they are written: in the store's own folder; or, if another file system is mounted on the way
/// to the key, in the top folder of that mount, under names that no key can have.
final class TemporaryPlaces: Sendable {
    /// How a temporary file's name begins in a folder with objects.
    static let mountPrefix = OwnNames.prefix + "-"

    private let tree: LocalTree
    private let usesUnnamedFiles: Bool
    /// For mounts below the root: whether they support files without names.
    private let unnamed = NIOLockedValueBox<[MountID: Bool]>([:])

    /// - Parameter usesUnnamedFiles: whether the store's own folder has files without names, and mounts may use them.
    init(tree: LocalTree, usesUnnamedFiles: Bool) {
        self.tree = tree
        self.usesUnnamedFiles = usesUnnamedFiles
    }

    func makeFile(for key: LocalKey, _ attributes: FileAttributes?) throws(LocalStorageError) -> TemporaryFile {
        let own = try tree.openOwn(LocalTree.temporaryFolder)
        let way = tree.way(to: key.folders)
        let target = try MountID(of: way[way.count - 1])
        if try MountID(of: own) == target {
            return try TemporaryFile(in: own, unnamed: usesUnnamedFiles, attributes: attributes)
        }
        var top = way[way.count - 1]
        for folder in way.dropLast().reversed() {
            guard try MountID(of: folder) == target else { break }
            top = folder
        }
        return try TemporaryFile(
            in: top, unnamed: canBeUnnamed(in: top, target), namePrefix: Self.mountPrefix, attributes: attributes)
    }

    private func canBeUnnamed(in top: Descriptor, _ mount: MountID) -> Bool {
        if let known = unnamed.withLockedValue({ $0[mount] }) { return known }
        let found = usesUnnamedFiles && TemporaryFile.canBeUnnamed(in: top, namePrefix: Self.mountPrefix)
        unnamed.withLockedValue { $0[mount] = found }
        return found
    }

    /// Every folder that may hold temporary files, with the prefix of their names there.
    func all() throws(LocalStorageError) -> [(folder: Descriptor, prefix: String)] {
        let own = try tree.openOwn(LocalTree.temporaryFolder)
        var places = [(own, "")]
        let home = try MountID(of: own)
        for folder in [tree.root] + mountsBelow() where (try? MountID(of: folder)) != home {
            places.append((folder, Self.mountPrefix))
        }
        return places
    }

    /// The top folders of the mounts below the root (proc(5), `/proc/self/mountinfo`).
    private func mountsBelow() -> [Descriptor] {
        guard let root = MountTable.path(of: tree.root) else { return [] }
        let base = root.last == UInt8(ascii: "/") ? root : root + [UInt8(ascii: "/")]
        return MountTable.mountPoints().compactMap { point in
            guard point.starts(with: base), point.count > base.count else { return nil }
            let segments = point.dropFirst(base.count).split(separator: UInt8(ascii: "/"))
            return (try? LocalKey.names(segments)).flatMap { try? tree.open($0) }
        }
    }
}

/// What the kernel tells about mounts.
enum MountTable {
    /// The absolute path of an open folder.
    static func path(of folder: Descriptor) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(folder.number)", &buffer, buffer.count)
        return count > 0 ? buffer[..<count].map { UInt8(bitPattern: $0) } : nil
    }

    static func mountPoints() -> [[UInt8]] {
        let number = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return [] }
        let file = Descriptor(number)
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(file.number, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            text += chunk[..<count]
        }
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            return fields.count > 4 ? unescaped(fields[4]) : nil
        }
    }

    /// Blanks and backslashes are written as a backslash and three octal digits.
    static func unescaped(_ text: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
