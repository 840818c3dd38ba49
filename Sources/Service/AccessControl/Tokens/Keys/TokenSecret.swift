/// A secret that this server shares with whoever issues tokens.
public struct TokenSecret: Sendable {
    /// The fewest bytes of a secret. It then serves HS256; HS384 needs 48, HS512 needs 64.
    public static let minimumLength = 32

    let bytes: [UInt8]
    let keyID: KeyID?

    /// - Parameters:
    ///   - bytes: at least ``minimumLength``. They are the key as they are: nothing is decoded.
    ///   - id: the `kid` of the tokens that this secret signs: 1 to 255 bytes without control characters. Nil: it
    ///     verifies tokens without a `kid` only.
    /// - Throws: ``TokenSecretError``.
    public init(_ bytes: [UInt8], id: String? = nil) throws(TokenSecretError) {
        guard bytes.count >= Self.minimumLength else { throw .tooShort }
        self.bytes = bytes
        guard let id else {
            keyID = nil
            return
        }
        guard !id.isEmpty, let keyID = KeyID(Array(id.utf8)) else { throw .badIdentifier }
        self.keyID = keyID
    }

    /// A secret that is given as text: its UTF-8 bytes.
    ///
    /// - Throws: ``TokenSecretError``.
    public init(_ text: String, id: String? = nil) throws(TokenSecretError) {
        try self.init(Array(text.utf8), id: id)
    }
}

extension TokenSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never the secret.
    public var description: String { "TokenSecret" }
    /// Never the secret.
    public var debugDescription: String { description }
    /// Never the secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a secret is refused.
public enum TokenSecretError: Error, Sendable, Hashable {
    /// Fewer than ``TokenSecret/minimumLength`` bytes.
    case tooShort
    /// The identifier is empty, longer than 255 bytes, or holds a control character.
    case badIdentifier
}
