/// The origins whose pages may use the server from their scripts (Fetch, section 3.2: the CORS protocol). An origin is
/// written as a browser writes it in the Origin field: scheme, host, and the port if it is not the scheme's own.
public struct AllowedOrigins: Sendable, Hashable {
    /// Each as in the Origin field, in lower case.
    public var origins: [String]
    /// Whether pages of every origin may read what everybody may read.
    public var allowsPublicReads: Bool

    /// By default no other origin may do anything.
    public init(_ origins: [String] = [], allowsPublicReads: Bool = false) {
        self.origins = origins
        self.allowsPublicReads = allowsPublicReads
    }

    /// Whether nothing is allowed.
    public var isEmpty: Bool { origins.isEmpty && !allowsPublicReads }

    /// Whether a page of this origin may use the server as far as its credential permits.
    ///
    /// - Parameter origin: The value of the Origin field. Compared as bytes.
    public func lists(_ origin: String) -> Bool {
        origins.contains { $0.utf8.elementsEqual(origin.utf8) }
    }
}
