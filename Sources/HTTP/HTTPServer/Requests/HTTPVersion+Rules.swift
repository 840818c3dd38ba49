import NIOHTTP1

extension HTTPVersion {
    /// Whether the rules of HTTP/1.1 apply. The parser takes no other major version than 1.
    var isHTTP11: Bool { self.major == 1 && self.minor >= 1 }
}
