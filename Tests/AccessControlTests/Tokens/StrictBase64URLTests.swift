import Testing
import TextCoding

@testable import AccessControl

@Suite struct StrictBase64URLTests {
    private func decode(_ text: String) -> [UInt8]? { StrictBase64URL.decode(Array(text.utf8)) }

    @Test func undoesTheEncoder() {
        for length in 0...70 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max) }
            #expect(decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(decode("-_-_") == [0xfb, 0xff, 0xbf])
    }

    @Test func oneSpellingOnly() {
        #expect(decode("") == [] && decode("AA") == [0] && decode("AAA") == [0, 0])
        for text in [
            "A", "AAAAA", "AA==", "AA=", "=", "AB", "A_", "AAB", "AAC", "AA A", "AAAA\n", "+AAA", "/AAA", "AAA.",
        ] {
            #expect(decode(text) == nil, "\(text)")
        }
        #expect(decode("\u{e9}AA") == nil && StrictBase64URL.decode([0x41, 0x41, 0x41, 0x00]) == nil)
    }
}
