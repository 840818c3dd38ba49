import NIOCore
import ObjectStorage
import TextCoding

/// A record of a multipart upload, written before it is begun. Whatever happens to this process, its parts can be found
/// and removed by it: the store's own list of uploads also names those of other programs.
struct UploadMarker: Sendable, Hashable {
    /// The object that is being written.
    var key: ObjectKey
    /// When it was begun, in seconds, by this machine's clock.
    var begun: Timestamp
    /// Nil until the store has given one.
    var uploadID: String?

    static let folder = "uploads/"
    private static let header = "tintype-upload 1"

    /// Lines of text: a header, the key as base64url, the seconds since 1970, and the id if it is known.
    var bytes: ByteBuffer {
        let lines = [Self.header, Base64URL.encode(key.bytes), String(begun.seconds)] + (uploadID.map { [$0] } ?? [])
        return ByteBuffer(string: lines.joined(separator: "\n"))
    }

    init(key: ObjectKey, begun: Timestamp, uploadID: String? = nil) {
        self.key = key
        self.begun = begun
        self.uploadID = uploadID
    }

    /// Nil for bytes of any other form.
    init?(_ bytes: ByteBuffer) {
        let lines = String(buffer: bytes).split(separator: "\n", omittingEmptySubsequences: false)
        guard (3...4).contains(lines.count), lines[0] == Self.header,
            let key = Base64URL.decode(lines[1]).flatMap({ ObjectKey($0) }), let seconds = Int64(lines[2])
        else { return nil }
        self.init(
            key: key, begun: Timestamp(seconds: seconds), uploadID: lines.count == 4 ? String(lines[3]) : nil)
    }
}
