/// The three parts of a token, decoded. Nothing in them is trusted yet.
struct TokenParts {
    /// The longest token, in bytes. A header field must hold it.
    static let maximumLength = 8 << 10

    /// JSON, unread.
    let header: [UInt8]
    /// JSON, unread.
    let payload: [UInt8]
    let signature: [UInt8]
    /// What the signature is of: the first two parts as they came.
    let signed: ArraySlice<UInt8>

    init(_ token: [UInt8]) throws(TokenError) {
        guard token.count <= Self.maximumLength else { throw .malformed(.tooLong) }
        let dot = UInt8(ascii: ".")
        guard let first = token.firstIndex(of: dot), let second = token[(first + 1)...].firstIndex(of: dot),
            !token[(second + 1)...].contains(dot)
        else { throw .malformed(.parts) }
        guard let header = StrictBase64URL.decode(token[..<first]),
            let payload = StrictBase64URL.decode(token[(first + 1)..<second]),
            let signature = StrictBase64URL.decode(token[(second + 1)...])
        else { throw .malformed(.encoding) }
        self.header = header
        self.payload = payload
        self.signature = signature
        signed = token[..<second]
    }
}
