import Crypto
import CryptoExtras
import Foundation
import TextCoding

/// An issuer of tokens with a key of each kind. It writes any header and any claims, right or wrong, and shares no code
/// with the server.
struct TokenIssuer: Sendable {
    enum Signer: Sendable {
        case none
        case hmac([UInt8])
        case rs256, ps512, es256, edDSA
        /// These bytes.
        case bytes([UInt8])
    }

    /// It is in the set, so everybody knows it.
    static let publishedSecret = [UInt8](repeating: 7, count: 32)

    let rsa: _RSA.Signing.PrivateKey
    private let p256 = P256.Signing.PrivateKey()
    private let ed25519 = Curve25519.Signing.PrivateKey()
    let modulus: [UInt8]
    private let exponent: [UInt8]

    init() throws {
        rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let numbers = try rsa.publicKey.getKeyPrimitives()
        modulus = Array(numbers.modulus)
        exponent = Array(numbers.publicExponent)
    }

    /// The public RSA key as a JWK.
    var rsaJWK: String {
        #"{"kty":"RSA","kid":"r","use":"sig","n":"\#(Base64URL.encode(modulus))","e":"\#(Base64URL.encode(exponent))"}"#
    }

    /// All public keys; their identifiers are `r`, `e` and `o`. A secret is among them, which the server passes over.
    var jwks: String {
        let point = p256.publicKey.rawRepresentation
        let ec =
            #"{"kty":"EC","crv":"P-256","kid":"e","x":"\#(Base64URL.encode(point.prefix(32)))","#
            + #""y":"\#(Base64URL.encode(point.suffix(32)))"}"#
        let okp =
            #"{"kty":"OKP","crv":"Ed25519","kid":"o","x":"\#(Base64URL.encode(ed25519.publicKey.rawRepresentation))"}"#
        let oct = #"{"kty":"oct","kid":"s","k":"\#(Base64URL.encode(Self.publishedSecret))"}"#
        return #"{"keys":[\#(rsaJWK),\#(ec),\#(okp),\#(oct)]}"#
    }

    func token(_ header: String, _ claims: String, _ signer: Signer) throws -> String {
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return signed + "." + Base64URL.encode(try signature(of: Array(signed.utf8), signer))
    }

    private func signature(of bytes: [UInt8], _ signer: Signer) throws -> [UInt8] {
        switch signer {
        case .none: []
        case .bytes(let bytes): bytes
        case .hmac(let secret):
            Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: secret)))
        case .rs256:
            Array(try rsa.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .ps512: Array(try rsa.signature(for: SHA512.hash(data: bytes), padding: .PSS).rawRepresentation)
        case .es256: Array(try p256.signature(for: bytes).rawRepresentation)
        case .edDSA: Array(try ed25519.signature(for: bytes))
        }
    }
}
