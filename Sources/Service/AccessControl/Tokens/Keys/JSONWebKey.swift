import Crypto
import JWTKit

/// One usable key of a JWK set. Reading it here, and not by jwt-kit, lets one odd key be passed over, where jwt-kit
/// 5.7.1 refuses the whole set for it.
struct JSONWebKey {
    let id: KeyID?
    let material: KeyMaterial
    /// Of the type and the numbers.
    let fingerprint: SHA256Digest
    /// `alg` alone if the key names one; otherwise all of its type.
    let algorithms: [TokenAlgorithm]

    /// Members that only private keys have: of RSA, EC and OKP.
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"]

    init(_ value: JSONValue) throws(UnusableKey) {
        guard let key = value.object, !key.isAmbiguous else { throw .malformed }
        guard let type = try Self.text(key, "kty") else { throw .malformed }
        guard type != "oct" else { throw .symmetric }
        guard try Self.isForVerifying(key) else { throw .notForSignatures }
        for name in Self.privateMembers where key[name] != nil { throw .privateKey }
        id = try Self.id(key)
        let numbers: [[UInt8]]
        (material, numbers) = try Self.material(key, type)
        fingerprint = Self.fingerprint(type, numbers)
        algorithms = try Self.algorithms(key, material)
    }

    private static func material(
        _ key: JSONObject, _ type: String
    ) throws(UnusableKey) -> (KeyMaterial, numbers: [[UInt8]]) {
        switch (type, try text(key, "crv")) {
        case ("RSA", _):
            let (n, e) = (try bytes(key, "n"), try bytes(key, "e"))
            return (try .rsa(modulus: n, exponent: e), [n, e].map { Array($0.drop { $0 == 0 }) })
        case ("EC", let curve?):
            let (x, y) = (try bytes(key, "x"), try bytes(key, "y"))
            return (try .ec(curve, x: x, y: y), [x, y])
        case ("OKP", "Ed25519"):
            let x = try bytes(key, "x")
            return (try .ed25519(x), [x])
        default: throw .unknownType
        }
    }

    private static func algorithms(
        _ key: JSONObject, _ material: KeyMaterial
    ) throws(UnusableKey) -> [TokenAlgorithm] {
        guard let name = try text(key, "alg") else { return material.algorithms }
        guard let algorithm = TokenAlgorithm(rawValue: name), material.algorithms.contains(algorithm) else {
            throw .unsupportedAlgorithm
        }
        return [algorithm]
    }

    private static func isForVerifying(_ key: JSONObject) throws(UnusableKey) -> Bool {
        if let use = try text(key, "use"), use != "sig" { return false }
        guard let operations = key["key_ops"] else { return true }
        guard let operations = operations.array else { throw .malformed }
        return operations.contains { $0.string?.elementsEqual("verify".utf8) ?? false }
    }

    private static func id(_ key: JSONObject) throws(UnusableKey) -> KeyID? {
        guard let value = key["kid"] else { return nil }
        guard let id = value.string.flatMap(KeyID.init) else { throw .malformed }
        return id
    }

    private static func text(_ key: JSONObject, _ name: String) throws(UnusableKey) -> String? {
        guard let value = key[name] else { return nil }
        guard let bytes = value.string else { throw .malformed }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func bytes(_ key: JSONObject, _ name: String) throws(UnusableKey) -> [UInt8] {
        guard let text = key[name]?.string, let bytes = StrictBase64URL.decode(text), !bytes.isEmpty else {
            throw .malformed
        }
        return bytes
    }

    /// With the lengths, so that no two lists of numbers are the same bytes.
    private static func fingerprint(_ type: String, _ numbers: [[UInt8]]) -> SHA256Digest {
        var hash = SHA256()
        for bytes in [Array(type.utf8)] + numbers {
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }
        return hash.finalize()
    }
}
