import Crypto
import JWTKit

/// A key with a signer for each algorithm that it serves.
struct VerificationKey: Sendable {
    /// Nil: it verifies tokens without a `kid` only.
    let id: KeyID?
    /// Of the key's type and numbers, so that the same key from two sources is known as one.
    let fingerprint: SHA256Digest
    private let signers: [TokenAlgorithm: any JWTAlgorithm]

    /// The algorithms that it serves.
    var algorithms: Set<TokenAlgorithm> { Set(signers.keys) }

    /// - Parameters:
    ///   - fingerprint: of the key's type and numbers.
    ///   - algorithms: some of the material's.
    init(id: KeyID?, _ material: KeyMaterial, fingerprint: SHA256Digest, for algorithms: [TokenAlgorithm]) async {
        self.id = id
        self.fingerprint = fingerprint
        var signers: [TokenAlgorithm: any JWTAlgorithm] = [:]
        for algorithm in algorithms { signers[algorithm] = await material.signer(for: algorithm) }
        self.signers = signers
    }

    init(_ secret: TokenSecret) async {
        let material = KeyMaterial.secret(secret.bytes)
        await self.init(
            id: secret.keyID, material, fingerprint: SHA256.hash(data: Array("oct".utf8) + secret.bytes),
            for: material.algorithms)
    }

    /// Nil if the key does not serve this algorithm.
    func signer(for algorithm: TokenAlgorithm) -> (any JWTAlgorithm)? { signers[algorithm] }

    /// Whether the two are the same key for the same tokens.
    func isSame(as other: VerificationKey) -> Bool {
        id == other.id && fingerprint == other.fingerprint && algorithms == other.algorithms
    }

    /// Whether a token's `kid` and `alg` could mean either of two different keys.
    func isConfusable(with other: VerificationKey) -> Bool {
        id != nil && id == other.id && fingerprint != other.fingerprint
            && !algorithms.isDisjoint(with: other.algorithms)
    }
}
