/// Base32 as in RFC 4648, section 6, in lower case and without padding: no two letters look alike, and it is safe in
/// URLs and on file systems that ignore case.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// 26 characters for 128 bits.
    static func encode(_ value: UInt128) -> String {
        // 26 digits of five bits are 130 bits: the last digit holds three bits of the value.
        let digits = (0..<26).map { place in
            let shift = 123 - 5 * place
            let bits = shift >= 0 ? value >> UInt128(shift) : value << UInt128(-shift)
            return alphabet[Int(bits & 31)]
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
