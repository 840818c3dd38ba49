import Crypto
import JWTKit
import TextCoding

extension KeyMaterial {
    /// An RSA key of these numbers, big-endian.
    static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(UnusableKey) -> KeyMaterial {
        guard RSAKeyStrength.isEnough(modulus: modulus, exponent: exponent) else { throw .weak }
        do {
            return .rsa(
                try JWTKit.Insecure.RSA.PublicKey(
                    modulus: Base64URL.encode(modulus), exponent: Base64URL.encode(exponent)))
        } catch {
            throw .invalid
        }
    }

    /// A point of a curve. The coordinates have the full length of the curve, and the point is on the curve: the crypto
    /// library looks.
    static func ec(_ curve: String, x: [UInt8], y: [UInt8]) throws(UnusableKey) -> KeyMaterial {
        guard let length = ["P-256": 32, "P-384": 48, "P-521": 66][curve] else { throw .unknownType }
        guard x.count == length, y.count == length else { throw .invalid }
        do {
            switch curve {
            case "P-256":
                return .p256(try ES256PublicKey(backing: P256.Signing.PublicKey(rawRepresentation: x + y)))
            case "P-384":
                return .p384(try ES384PublicKey(backing: P384.Signing.PublicKey(rawRepresentation: x + y)))
            default:
                return .p521(try ES512PublicKey(backing: P521.Signing.PublicKey(rawRepresentation: x + y)))
            }
        } catch {
            throw .invalid
        }
    }

    /// An Ed25519 key of 32 bytes.
    static func ed25519(_ bytes: [UInt8]) throws(UnusableKey) -> KeyMaterial {
        do {
            return .ed25519(EdDSA.PublicKey(backing: try Curve25519.Signing.PublicKey(rawRepresentation: bytes)))
        } catch {
            throw .invalid
        }
    }
}
