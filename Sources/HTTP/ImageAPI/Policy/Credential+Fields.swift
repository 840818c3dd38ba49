import AccessControl
import HTTPTypes

extension Credential {
    /// Reads the credential of a request: `Authorization: Bearer …`, or `X-API-Key`.
    ///
    /// - Returns: nil if the request has no credential.
    /// - Throws: ``AccessError/badCredential(_:)`` if there is more than one, or its form is not known.
    static func read(_ headers: HTTPFields) throws(AccessError) -> Credential? {
        let authorizations = headers[values: .authorization]
        let keys = headers[values: .apiKey]
        switch (authorizations.count, keys.count) {
        case (0, 0): return nil
        case (1, 0):
            guard let credential = Credential(authorization: authorizations[0].utf8) else {
                throw .badCredential("the Authorization field is not a bearer token")
            }
            return credential
        case (0, 1): return .key(keys[0])
        default: throw .badCredential("more than one credential")
        }
    }

    /// Nil if the value of an Authorization field is not of the form `Bearer …` (RFC 6750, section 2.1).
    init?(authorization value: some Collection<UInt8>) {
        let scheme = value.prefix { $0 != UInt8(ascii: " ") }
        let token = value.dropFirst(scheme.count + 1)
        guard scheme.elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }), !token.isEmpty,
            !token.contains(UInt8(ascii: " "))
        else { return nil }
        self = .bearer(String(decoding: token, as: UTF8.self))
    }
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name("X-API-Key") ?? .proxyAuthorization
}
