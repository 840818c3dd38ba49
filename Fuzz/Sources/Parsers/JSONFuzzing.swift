import Foundation

/// The JSON reader of tokens and key sets, on arbitrary bytes. It must be stricter than Foundation's reader, within its
/// limits, and of one mind with itself.
public enum JSONFuzzing {
    /// What is wrong with what the reader says; nil: nothing.
    public static func error(_ bytes: [UInt8]) -> String? {
        let marked: JSONValue
        do {
            marked = try JSONReader.read(bytes, duplicates: .marked)
        } catch {
            if case .duplicate = error { return "a duplicate that was only to be marked" }
            return (try? JSONReader.read(bytes, duplicates: .refused)) == nil ? nil : "a text that one way refuses"
        }
        var size = Size()
        size.count(marked, depth: 0)
        if size.values > JSONReader.maximumValues { return "too many values" }
        if size.depth > JSONReader.maximumDepth { return "too deep" }
        let refused = try? JSONReader.read(bytes, duplicates: .refused)
        if size.isAmbiguous != (refused == nil) { return "a duplicate that one way sees" }
        // Foundation reads no number beyond a Double.
        if !size.isInfinite, (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) == nil {
            return "a text that is no JSON"
        }
        let written = write(marked)
        guard let again = try? JSONReader.read(written, duplicates: .refused) else { return "a value that cannot be written" }
        return write(again) == written ? nil : "a value that changes"
    }

    private struct Size {
        var values = 0
        var depth = 0
        var isAmbiguous = false
        var isInfinite = false

        /// Only what is kept: of two members with one name the first.
        mutating func count(_ value: JSONValue, depth: Int) {
            values += 1
            switch value {
            case .array(let elements):
                self.depth = max(self.depth, depth + 1)
                for element in elements { count(element, depth: depth + 1) }
            case .object(let object):
                self.depth = max(self.depth, depth + 1)
                isAmbiguous = isAmbiguous || object.isAmbiguous
                for member in object.all { count(member.value, depth: depth + 1) }
            case .number(let number): isInfinite = isInfinite || number.isInfinite
            case .null, .bool, .string: break
            }
        }
    }

    private static func write(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .null: Array("null".utf8)
        case .bool(let flag): Array((flag ? "true" : "false").utf8)
        case .number(let number): Array((number.isInfinite ? number < 0 ? "-1e999" : "1e999" : "\(number)").utf8)
        case .string(let text): quoted(text)
        case .array(let elements): [UInt8(ascii: "[")] + elements.map(write).joined(separator: ",".utf8) + [UInt8(ascii: "]")]
        case .object(let object):
            [UInt8(ascii: "{")]
                + object.all.sorted { $0.name.lexicographicallyPrecedes($1.name) }
                .map { quoted($0.name) + [UInt8(ascii: ":")] + write($0.value) }.joined(separator: ",".utf8)
                + [UInt8(ascii: "}")]
        }
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        let escaped = text.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case 0..<0x20: Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: [byte]
            }
        }
        return [UInt8(ascii: "\"")] + escaped + [UInt8(ascii: "\"")]
    }

    /// A header, claims and a key set, and what readers of JSON disagree about.
    public static let seeds: [[UInt8]] = [
        #"{"alg":"RS256","typ":"JWT","kid":"r"}"#,
        #"{"iss":"https://idp.example/","aud":["a","b"],"sub":"7","exp":1800000300,"nbf":1.8e9,"scope":"read write"}"#,
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","use":"sig","key_ops":["verify"]},{"kty":"oct","k":"AA"}]}"#,
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"["\ud83d\ude00","\ud83d","\u0000","é","é"]"#,
        "[1e400,-1e400,-0,0.1e-2,01,1.,.5,+1,NaN]", " [true , false,null ]\r\n\t", String(repeating: "[", count: 20), "[1,]",
        "{\"a\":\"\u{7f}\u{2028}\"}", "", "\u{FEFF}{}", "\"\"",
    ].map { Array($0.utf8) }
}
