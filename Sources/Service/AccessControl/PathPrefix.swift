/// A folder of image paths, compared as bytes. It ends at a slash, so that `users/7/` does not cover `users/70/a.jpg`.
public struct PathPrefix: Sendable, Hashable {
    /// The most prefixes of one credential, because they are compared one after the other.
    public static let maximumCount = 100

    /// The bytes; empty: every path.
    public let bytes: [UInt8]

    /// Every path.
    public static let everything = PathPrefix(unchecked: [])

    private init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Nil if the bytes are not empty and not a valid beginning of a path: UTF-8 that ends with a slash, without an
    /// empty, `.` or `..` segment, control character or backslash.
    public init?(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
        guard let last = self.bytes.last else { return }
        guard last == UInt8(ascii: "/"), String(validating: self.bytes, as: UTF8.self) != nil,
            !self.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") })
        else { return nil }
        let segments = self.bytes.dropLast().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard segments.allSatisfy(Self.isSegment) else { return nil }
    }

    /// Whether the bytes can be one segment of a path.
    static func isSegment(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && !bytes.elementsEqual(".".utf8) && !bytes.elementsEqual("..".utf8)
            && !bytes.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    }

    /// Whether a path, or every path that begins so, is under this prefix.
    public func contains(_ path: some Collection<UInt8>) -> Bool {
        let isPrefix = path.withContiguousStorageIfAvailable { path in
            bytes.withUnsafeBufferPointer { prefix in
                path.count >= prefix.count && path.prefix(prefix.count).elementsEqual(prefix)
            }
        }
        return isPrefix ?? path.starts(with: bytes)
    }

    /// As text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}
