public import ObjectStorage

/// The path of a picture as clients name it: a key that obeys the rules of the API, kept byte for byte.
public struct ImagePath: Sendable, Hashable {
    /// The path as the store's key.
    public let key: ObjectKey

    /// The longest segment, in bytes: the limit of file systems for one name.
    public static let maximumSegmentLength = 255
    /// How the names of the server's own objects begin; no segment of a path may begin so.
    public static let ownPrefix = OwnNames.prefix

    /// Why some bytes are not a valid path.
    public enum PathError: Error, Sendable, Hashable {
        /// No bytes.
        case empty
        /// Longer than ``ObjectKey/maximumLength``; `bytes` is the length.
        case tooLong(bytes: Int)
        /// A segment longer than ``maximumSegmentLength``; `bytes` is its length.
        case segmentTooLong(bytes: Int)
        /// Not valid UTF-8.
        case notUTF8
        /// Two slashes in a row, or one at an end.
        case emptySegment
        /// A segment `.` or `..`.
        case dotSegment
        /// A character of C0, C1 or DEL.
        case controlCharacter
        /// Some file systems take it for a slash.
        case backslash
        /// A segment that is one of the server's own names, see ``OwnNames``.
        case reserved
    }

    /// Takes bytes that were percent-decoded once.
    ///
    /// - Throws: ``PathError`` for the first rule that is broken.
    public init(_ bytes: some Collection<UInt8>) throws(PathError) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= ObjectKey.maximumLength else { throw .tooLong(bytes: bytes.count) }
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F { throw .controlCharacter }
            if byte == UInt8(ascii: "\\") { throw .backslash }
        }
        guard let key = ObjectKey(bytes) else { throw .notUTF8 }
        // The C1 controls, U+0080 to U+009F, are C2 80 to C2 9F.
        if zip(key.bytes, key.bytes.dropFirst()).contains(where: { $0 == 0xC2 && (0x80...0x9F).contains($1) }) {
            throw .controlCharacter
        }
        for segment in key.segments {
            guard !segment.isEmpty else { throw .emptySegment }
            if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) { throw .dotSegment }
            if OwnNames.contains(segment) { throw .reserved }
            guard segment.count <= Self.maximumSegmentLength else { throw .segmentTooLong(bytes: segment.count) }
        }
        self.key = key
    }
}

extension ImagePath.PathError: CustomStringConvertible {
    /// A sentence for the client.
    public var description: String {
        switch self {
        case .empty: "The path is empty."
        case .tooLong(let bytes): "The path has \(bytes) bytes; at most \(ObjectKey.maximumLength) are taken."
        case .segmentTooLong(let bytes):
            "A segment of the path has \(bytes) bytes; at most \(ImagePath.maximumSegmentLength) are taken."
        case .notUTF8: "The path is not valid UTF-8."
        case .emptySegment: "The path has an empty segment."
        case .dotSegment: "The path has a segment \".\" or \"..\"."
        case .controlCharacter: "The path has a control character."
        case .backslash: "The path has a backslash."
        case .reserved:
            "A segment of the path begins with \"\(ImagePath.ownPrefix)\", or with what a file system may take for it, "
                + "which is the server's own."
        }
    }
}
