/// Why a credential or a signature is not accepted. The texts never contain the credential.
public enum AccessError: Error, Sendable, Hashable {
    /// The credential is wrong, has expired, or has no usable form. The text says which, for the log.
    case badCredential(String)
    /// The signature of a URL does not permit the request. The text says why, for the client.
    case badSignature(String)
}

/// An error in a list of keys, with the number of the entry. It contains no secret.
public struct KeyListError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(entry: Int, _ reason: String) {
        description = "entry \(entry): \(reason)"
    }

    init(_ reason: String) {
        description = reason
    }
}
