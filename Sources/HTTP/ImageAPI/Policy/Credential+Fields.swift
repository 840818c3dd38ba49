import AccessControl
import HTTPTypes
import NIOCore

extension Credential {
    /// Reads the credential of a request: `Authorization: Bearer …`, or `X-API-Key`.
    ///
    /// - Returns: the credential, and the value of the Authorization field, under which it can be remembered; nil if
    ///   there is no credential.
    /// - Throws: ``AccessError/badCredential(_:)`` if there is more than one, or its form is not known.
    static func read(_ headers: HTTPFields) throws(AccessError) -> (Credential, field: ByteBuffer?)? {
        let authorizations = headers[values: .authorization]
        let keys = headers[values: .apiKey]
        switch (authorizations.count, keys.count) {
        case (0, 0): return nil
        case (1, 0):
            let value = authorizations[0]
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].contains(" ") else {
                throw .badCredential("the Authorization field is not a bearer token")
            }
            return (.bearer(String(parts[1])), ByteBuffer(string: value))
        case (0, 1): return (.key(keys[0]), nil)
        default: throw .badCredential("more than one credential")
        }
    }
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name("X-API-Key") ?? .authorization
}
