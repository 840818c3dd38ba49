/// The keys that requests are signed with.
public struct SigningCredentials: Sendable {
    /// The access key ID, which every request shows.
    public var accessKey: String
    /// The secret key, which never leaves the process.
    public var secretKey: String
    /// Comes with temporary keys.
    public var sessionToken: String?

    /// Keys; temporary ones come with a session token.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension SigningCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Shows no part of the keys, so that no log line does.
    public var description: String { "credentials" }
    /// Shows no part of the keys.
    public var debugDescription: String { description }
    /// Has no children, so that `dump` shows no part of the keys.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where keys come from: fixed ones, or later web identity, container credentials and instance metadata. Asked before
/// every try of every request, so an implementation should cache its keys and refresh them before they expire.
public protocol CredentialsProvider: Sendable {
    /// - Throws: if there are none now; the request then fails as if it could not be sent.
    func credentials() async throws -> SigningCredentials
}

/// Keys that never change.
public struct StaticCredentials: CredentialsProvider {
    private let fixed: SigningCredentials

    /// Always these keys.
    public init(_ credentials: SigningCredentials) {
        fixed = credentials
    }

    /// Always these keys; temporary ones come with a session token.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        fixed = SigningCredentials(accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken)
    }

    /// The keys from the start; never throws.
    public func credentials() async throws -> SigningCredentials { fixed }
}
