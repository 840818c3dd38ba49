#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5).
public enum Base64URL {
    /// The bytes as text, four characters for three bytes, without padding.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let base64 = Data(bytes).base64EncodedString().utf8.lazy
            .filter { $0 != UInt8(ascii: "=") }
            .map { swapped($0, from: "+/", to: "-_") }
        return String(decoding: Array(base64), as: UTF8.self)
    }

    /// Nil if the text has characters outside the alphabet.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let padding = repeatElement(UInt8(ascii: "="), count: (4 - text.utf8.count % 4) % 4)
        let base64 = text.utf8.map { swapped($0, from: "-_", to: "+/") } + padding
        return Data(base64Encoded: Data(base64)).map { Array($0) }
    }

    private static func swapped(_ byte: UInt8, from: StaticString, to: StaticString) -> UInt8 {
        let place = from.withUTF8Buffer { $0.firstIndex(of: byte) }
        return place.map { place in to.withUTF8Buffer { $0[place] } } ?? byte
    }
}
