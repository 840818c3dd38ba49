import JWTKit

/// A key, and what it can be used for. The only place that makes jwt-kit's keys and signers.
enum KeyMaterial: Sendable {
    case secret([UInt8])
    case rsa(Insecure.RSA.PublicKey)
    case p256(ES256PublicKey)
    case p384(ES384PublicKey)
    case p521(ES512PublicKey)
    case ed25519(EdDSA.PublicKey)

    /// The algorithms that this key may serve. An RSA key serves no HMAC, and so on: no algorithm is of two types.
    var algorithms: [TokenAlgorithm] {
        switch self {
        case .secret(let bytes):
            [.hs256, .hs384, .hs512].filter { algorithm in
                algorithm.minimumSecretLength.map { bytes.count >= $0 } ?? false
            }
        case .rsa: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .p256: [.es256]
        case .p384: [.es384]
        case .p521: [.es512]
        case .ed25519: [.edDSA]
        }
    }

    /// jwt-kit's signer for this key and this algorithm alone; nil if they do not belong together.
    ///
    /// jwt-kit gives its signers away by a collection only. A collection chooses by rules of its own: it has a default
    /// key, for tokens of an unknown one, and a JWK in it keeps the algorithm of the first token that it sees. So each
    /// signer has a collection of its own, which is asked once, by name, and then dropped.
    func signer(for algorithm: TokenAlgorithm) async -> (any JWTAlgorithm)? {
        let collection = JWTKeyCollection()
        let id: JWKIdentifier = "only"
        switch (self, algorithm) {
        case (.secret(let bytes), .hs256):
            await collection.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256, kid: id)
        case (.secret(let bytes), .hs384):
            await collection.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha384, kid: id)
        case (.secret(let bytes), .hs512):
            await collection.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha512, kid: id)
        case (.rsa(let key), .rs256): await collection.add(rsa: key, digestAlgorithm: .sha256, kid: id)
        case (.rsa(let key), .rs384): await collection.add(rsa: key, digestAlgorithm: .sha384, kid: id)
        case (.rsa(let key), .rs512): await collection.add(rsa: key, digestAlgorithm: .sha512, kid: id)
        case (.rsa(let key), .ps256): await collection.add(pss: key, digestAlgorithm: .sha256, kid: id)
        case (.rsa(let key), .ps384): await collection.add(pss: key, digestAlgorithm: .sha384, kid: id)
        case (.rsa(let key), .ps512): await collection.add(pss: key, digestAlgorithm: .sha512, kid: id)
        case (.p256(let key), .es256): await collection.add(ecdsa: key, kid: id)
        case (.p384(let key), .es384): await collection.add(ecdsa: key, kid: id)
        case (.p521(let key), .es512): await collection.add(ecdsa: key, kid: id)
        case (.ed25519(let key), .edDSA): await collection.add(eddsa: key, kid: id)
        default: return nil
        }
        guard let signer = try? await collection.getKey(for: id), signer.name == algorithm.rawValue else { return nil }
        return signer
    }
}
