import Foundation
import ObjectStorage
import Testing

/// On a file system that ignores case, `.TINTYPE/derived/…` led into the server's own folder.
@Suite struct OwnNamesTests {
    @Test(arguments: [
        ".tintype", ".tintypes", ".tintype-1", ".TINTYPE", ".TinType", ".tıntype", ".tİntype", ".ti\u{307}ntype",
        "．ｔｉｎｔｙｐｅ", "．ＴＩＮＴＹＰＥ", ".\u{200B}tin\u{AD}type", "\u{FEFF}.tintype", ".tin\u{FE0F}type", ".𝐭𝐢𝐧𝐭𝐲𝐩𝐞",
        ".𝕋𝕀ℕ𝕋𝕐ℙ𝔼", ".ⓣⓘⓝⓣⓨⓟⓔ", ".t㏌type", ".ᵗⁱⁿᵗʸᵖᵉ", "․tintype", "﹒tintype", ".tintypé", ".tintype\u{301}",
        ".🅃🄸🄽🅃🅈🄿🄴",
        ".tⅰntype", ".tintype.", ".tintype ", ".tintype::$DATA",
    ])
    func ownNamesAreRecognisedInEverySpelling(_ name: String) {
        #expect(OwnNames.contains(Array(name.utf8)))
    }

    @Test(arguments: [
        "", ".", "tintype", ".tintyp", ".tint", ".tlntype", "..tintype", "a.tintype", ".tin type", ".tïntype",
        "é.tintype",
        ".tintyqe", ".t.intype", "․", "\u{200B}",
    ])
    func otherNamesAreNotOwnNames(_ name: String) {
        #expect(!OwnNames.contains(Array(name.utf8)))
    }

    /// Compared with Foundation's tables: every scalar that becomes the letter by compatibility or case folding counts
    /// as the letter.
    @Test func everyScalarThatFoldsToALetterCountsAsTheLetter() {
        let letters = Array(".tintype")
        var wrong: [String] = []
        for value in UInt32(0x80)...0x3FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(scalar).precomposedStringWithCompatibilityMapping.lowercased()
            guard text.utf8.count == 1, let place = letters.firstIndex(of: Character(text)) else { continue }
            let name = String(letters[..<place]) + String(scalar) + String(letters[(place + 1)...])
            if !OwnNames.contains(Array(name.utf8)) { wrong.append(String(value, radix: 16)) }
        }
        #expect(wrong.isEmpty)
    }
}
