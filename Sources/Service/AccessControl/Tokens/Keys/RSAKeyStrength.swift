/// Whether an RSA key is strong enough to trust a signature of it. The crypto library checks the size alone, and takes
/// keys that anybody can sign with.
enum RSAKeyStrength {
    /// In bits. With a longer key, one token could hold a core for milliseconds.
    static let sizes = 2_048...8_192

    /// - Parameters:
    ///   - modulus: big-endian.
    ///   - exponent: the public one, big-endian.
    static func isEnough(modulus: [UInt8], exponent: [UInt8]) -> Bool {
        let modulus = modulus.drop { $0 == 0 }
        guard let first = modulus.first, let last = modulus.last, last & 1 == 1 else { return false }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        return sizes.contains(bits) && isSound(exponent) && !isOfBrokenGenerator(modulus)
    }

    /// Odd and over 2^16 (FIPS 186-5, section 5.4). With the exponent 1, the signature is the message. The upper limit
    /// is BoringSSL's.
    private static func isSound(_ exponent: [UInt8]) -> Bool {
        let exponent = exponent.drop { $0 == 0 }
        guard exponent.count <= 5 else { return false }
        let value = exponent.reduce(0) { $0 << 8 | UInt64($1) }
        return value & 1 == 1 && (65_537..<1 << 33).contains(value)
    }

    /// Whether the key was made by the library of Infineon's chips that had the flaw ROCA (CVE-2017-15361): such keys
    /// of 2,048 bits can be factored. Their primes are powers of 65,537 modulo a product of small primes, so that the
    /// modulus is one modulo each. Of other keys, fewer than one in 100 million are.
    private static func isOfBrokenGenerator(_ modulus: ArraySlice<UInt8>) -> Bool {
        smallPrimes.allSatisfy { prime in
            let rest = modulus.reduce(0) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            repeat {
                if power == rest { return true }
                power = power * (65_537 % prime) % prime
            } while power != 1
            return false
        }
    }

    private static let smallPrimes: [UInt32] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
        113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ]
}
