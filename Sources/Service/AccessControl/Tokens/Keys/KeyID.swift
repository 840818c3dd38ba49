/// The identifier of a key (`kid`): up to 255 bytes of text without control characters. It is compared as bytes, and
/// looked up in memory only: it is never a path, a URL or part of a query.
struct KeyID: Sendable, Hashable {
    private let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard TokenText.short(bytes) != nil else { return nil }
        self.bytes = bytes
    }

    /// As text, for the log.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
