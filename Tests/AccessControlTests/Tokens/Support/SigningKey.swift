import Crypto
import CryptoExtras
import Foundation
import TextCoding

@testable import AccessControl

/// A private key of an identity provider, made for the tests. It signs with swift-crypto alone.
struct SigningKey: Sendable {
    /// The members of the public JWK that hold its type and numbers.
    let members: [(String, String)]
    let sign: @Sendable ([UInt8], TokenAlgorithm) throws -> [UInt8]

    /// Made once: finding primes takes a while.
    private static let rsaKey = Result { try makeRSA() }
    private static let otherRSAKey = Result { try makeRSA() }

    static func rsa() throws -> SigningKey { try rsaKey.get() }
    static func otherRSA() throws -> SigningKey { try otherRSAKey.get() }

    private static func makeRSA() throws -> SigningKey {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let numbers = try key.publicKey.getKeyPrimitives()
        return SigningKey(
            members: [
                ("kty", "RSA"), ("n", Base64URL.encode(numbers.modulus)),
                ("e", Base64URL.encode(numbers.publicExponent)),
            ]
        ) { bytes, algorithm in
            let padding: _RSA.Signing.Padding =
                [.ps256, .ps384, .ps512].contains(algorithm) ? .PSS : .insecurePKCS1v1_5
            let signature =
                switch algorithm {
                case .rs384, .ps384: try key.signature(for: SHA384.hash(data: bytes), padding: padding)
                case .rs512, .ps512: try key.signature(for: SHA512.hash(data: bytes), padding: padding)
                default: try key.signature(for: SHA256.hash(data: bytes), padding: padding)
                }
            return Array(signature.rawRepresentation)
        }
    }

    static func p256() -> SigningKey {
        let key = P256.Signing.PrivateKey()
        return SigningKey(members: point("P-256", key.publicKey.rawRepresentation)) { bytes, _ in
            Array(try key.signature(for: bytes).rawRepresentation)
        }
    }

    static func p384() -> SigningKey {
        let key = P384.Signing.PrivateKey()
        return SigningKey(members: point("P-384", key.publicKey.rawRepresentation)) { bytes, _ in
            Array(try key.signature(for: bytes).rawRepresentation)
        }
    }

    static func p521() -> SigningKey {
        let key = P521.Signing.PrivateKey()
        return SigningKey(members: point("P-521", key.publicKey.rawRepresentation)) { bytes, _ in
            Array(try key.signature(for: bytes).rawRepresentation)
        }
    }

    static func ed25519() -> SigningKey {
        let key = Curve25519.Signing.PrivateKey()
        let x = Base64URL.encode(key.publicKey.rawRepresentation)
        return SigningKey(members: [("kty", "OKP"), ("crv", "Ed25519"), ("x", x)]) { bytes, _ in
            Array(try key.signature(for: bytes))
        }
    }

    private static func point(_ curve: String, _ coordinates: Data) -> [(String, String)] {
        let half = coordinates.count / 2
        return [
            ("kty", "EC"), ("crv", curve), ("x", Base64URL.encode(coordinates.prefix(half))),
            ("y", Base64URL.encode(coordinates.suffix(half))),
        ]
    }

    /// The public key as JSON, with these members more.
    func jwk(_ more: (String, String)...) -> String {
        "{" + (members + more).map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}"
    }

    /// The value of a member of the public JWK.
    func member(_ name: String) -> String { members.first { $0.0 == name }?.1 ?? "" }

    /// A token that expires at 2000.
    func token(_ algorithm: TokenAlgorithm, id: String? = nil, header: String? = nil) throws -> String {
        try token(#"{"exp":2000}"#, algorithm, id: id, header: header)
    }

    /// A token of this key. `header` replaces the whole header.
    func token(
        _ claims: String, _ algorithm: TokenAlgorithm, id: String? = nil, header: String? = nil
    ) throws -> String {
        let id = id.map { ",\"kid\":\"\($0)\"" } ?? ""
        let header = header ?? "{\"alg\":\"\(algorithm.rawValue)\"\(id)}"
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8)
        return signed + "." + Base64URL.encode(try sign(Array(signed.utf8), algorithm))
    }
}

/// A JWK set of these keys.
func keySet(_ keys: String...) -> [UInt8] { Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8) }

/// A key for HMAC, as a signer.
extension SigningKey {
    static func hmac(_ secret: [UInt8]) -> SigningKey {
        let key = SymmetricKey(data: secret)
        return SigningKey(members: [("kty", "oct"), ("k", Base64URL.encode(secret))]) { bytes, algorithm in
            switch algorithm {
            case .hs384: Array(HMAC<SHA384>.authenticationCode(for: bytes, using: key))
            case .hs512: Array(HMAC<SHA512>.authenticationCode(for: bytes, using: key))
            default: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
            }
        }
    }
}
