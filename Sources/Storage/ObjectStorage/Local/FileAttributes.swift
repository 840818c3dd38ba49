import CLinux
import Glibc
import TextCoding

/// Content type and metadata of an object, in one extended attribute of its file: lines of `name=value`, the content
/// type first. It is written before the rename, so one rename moves everything.
///
/// A program that overwrites the file in place leaves the attribute. So the attribute names the size and modification
/// time of its bytes, and is ignored if the file has others. The change time would be a better test, but writing the
/// attribute, the rename and every restored backup change it too.
struct FileAttributes: Sendable, Equatable {
    static let name = "user.tintype.info"
    /// S3's limit for names and values of metadata together.
    static let metadataLimit = 2048
    private static let contentTypeName = "content-type"
    private static let metadataPrefix = "meta."
    private static let bindingName = "bytes"
    /// More than ``encoded`` returns within the limits; a longer attribute was not written here.
    private static let longest = 8192

    /// Tells whether a file still has the bytes that its attribute describes.
    struct Binding: Sendable, Equatable {
        let text: String

        init(_ status: FileStatus) {
            text = "\(status.size) \(status.modified.seconds).\(status.modified.nanoseconds)"
        }

        fileprivate init(text: String) { self.text = text }
    }

    var contentType: String?
    var metadata: ObjectMetadata
    /// Nil if it is unknown: for files of earlier versions, and before the write.
    var binding: Binding?

    /// - Throws: ``LocalStorageError`` with `unsupported` for what a header could not carry: see ``ObjectMetadata``.
    func check() throws(LocalStorageError) {
        func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }
        let size = metadata.byteCount
        guard size <= FileAttributes.metadataLimit, (contentType ?? "").utf8.count <= 255 else {
            throw LocalStorageError(.unsupported, "\(size) bytes of metadata, limit \(FileAttributes.metadataLimit)")
        }
        let isName = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        for (name, value) in metadata {
            guard !name.isEmpty, name.utf8.allSatisfy(isName), isPrintable(value) else {
                throw LocalStorageError(
                    .unsupported, "metadata \(name): not lower-case letters, digits, printable ASCII")
            }
        }
        guard isPrintable(contentType ?? "") else {
            throw LocalStorageError(.unsupported, "a content type that is not printable ASCII")
        }
    }

    var encoded: [UInt8] {
        var text = contentType.map { "\(FileAttributes.contentTypeName)=\($0)\n" } ?? ""
        if let binding { text += "\(FileAttributes.bindingName)=\(binding.text)\n" }
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            text += "\(FileAttributes.metadataPrefix)\(name)=\(value)\n"
        }
        return Array(text.utf8)
    }

    /// Reads the output of ``encoded``. Lines of other forms are ignored.
    init(decoding bytes: some Collection<UInt8>) {
        self.init()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard line.allSatisfy({ (0x20...0x7E).contains($0) }),
                let equals = line.firstIndex(of: UInt8(ascii: "="))
            else { continue }
            let name = String(decoding: line[..<equals], as: UTF8.self)
            let value = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
            if name == FileAttributes.contentTypeName {
                contentType = value
            } else if name == FileAttributes.bindingName {
                binding = Binding(text: value)
            } else if name.hasPrefix(FileAttributes.metadataPrefix) {
                metadata[String(name.dropFirst(FileAttributes.metadataPrefix.count))] = value
            }
        }
    }

    init(contentType: String? = nil, metadata: ObjectMetadata = [:]) {
        self.contentType = contentType
        self.metadata = metadata
    }

    /// The attributes of a file; empty if it has none, or the file system does not support them.
    init(of file: Descriptor) {
        let bytes: [UInt8] = withUnsafeTemporaryAllocation(byteCount: FileAttributes.longest, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return [] }
            let count = cl_get_attribute(file.number, FileAttributes.name, start, buffer.count)
            return count > 0 ? Array(buffer[..<count]) : []
        }
        self.init(decoding: bytes)
    }

    /// Writes them with the bytes, bound to these as they are now. Does nothing if the file system has no extended
    /// attributes.
    func write(to file: Descriptor) throws(LocalStorageError) {
        if contentType == nil, metadata.isEmpty { return }
        var bound = self
        bound.binding = Binding(try file.status())
        let bytes = bound.encoded
        do {
            try systemCall("fsetxattr") {
                cl_set_attribute(file.number, FileAttributes.name, bytes, bytes.count)
            }
        } catch let error where error.number == EOPNOTSUPP || error.number == ENOSYS {}
    }
}
