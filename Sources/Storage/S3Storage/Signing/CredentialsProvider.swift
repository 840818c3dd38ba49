/// The keys that requests are signed with.
public struct SigningCredentials: Sendable {
    public var accessKey: String
    public var secretKey: String
    /// Comes with temporary keys.
    public var sessionToken: String?

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension SigningCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // A description of its own, so that no log line and no `dump` ever shows the secret.
    public var description: String { "credentials" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where keys come from: fixed ones, or later web identity, container credentials and instance metadata. Asked before
/// every try of every request, so an implementation keeps what it has and refreshes it before it expires.
public protocol CredentialsProvider: Sendable {
    /// - Throws: where there are none now; the request then fails as one that could not be sent.
    func credentials() async throws -> SigningCredentials
}

/// Keys that never change.
public struct StaticCredentials: CredentialsProvider {
    private let fixed: SigningCredentials

    public init(_ credentials: SigningCredentials) {
        fixed = credentials
    }

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        fixed = SigningCredentials(accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken)
    }

    public func credentials() async throws -> SigningCredentials { fixed }
}
