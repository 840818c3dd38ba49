import Testing
import TextCoding

@testable import AccessControl

/// What a token must look like before any key is asked.
@Suite struct TokenFormTests {
    private let key = SigningKey.hmac(Array(longSecret.utf8))

    private func headerRefusal(_ header: String) async throws -> TokenError? {
        refusal(try key.token(.hs256, header: header), try await secretKeys())
    }

    @Test func threeParts() async throws {
        let keys = try await secretKeys()
        let token = try key.token(.hs256)
        #expect(refusal(token, keys) == nil)
        let parts = token.split(separator: ".").map(String.init)
        let wrongOnes: [String] = [
            "", ".", "..", "...", parts[0], "\(parts[0]).\(parts[1])", "\(token).", ".\(token)",
            "\(token).\(parts[2])", "\(token)..\(parts[1])",
        ]
        for wrong in wrongOnes {
            let error = refusal(wrong, keys)
            #expect(error != nil && error != .badSignature, "\(wrong)")
        }
        #expect(refusal(token + "." + parts[2], keys) == .malformed(.parts))
        #expect(refusal(parts[0] + ".." + parts[2], keys) == .badSignature)
        #expect(refusal(parts[0] + "." + parts[1] + ".", keys) == .badSignature)
    }

    @Test func strictEncoding() async throws {
        let keys = try await secretKeys()
        let token = try key.token(.hs256)
        let parts = token.split(separator: ".").map(String.init)
        // A signature of 32 bytes has 43 characters, the last of which has two bits to spare.
        let last = try #require(parts[2].utf8.last)
        let sameBytes = "\(parts[2].dropLast())\(String(decoding: [last + 1], as: UTF8.self))"
        #expect(Base64URL.decode(sameBytes) == Base64URL.decode(parts[2]))
        let signed = "\(parts[0]).\(parts[1])"
        let wrongOnes: [String] = [
            "\(token)=", "\(token)==", "\(parts[0])=.\(parts[1]).\(parts[2])", "\(signed).\(sameBytes)", " \(token)",
            "\(token)\n", "\(token) ", "\(signed).+\(parts[2].dropFirst())", "\(token)\u{0}",
        ]
        for wrong in wrongOnes {
            #expect(refusal(wrong, keys) == .malformed(.encoding), "\(wrong)")
        }
    }

    /// At one byte below the limit, at it, and above.
    @Test(arguments: [-1, 0, 1]) func length(_ more: Int) async throws {
        let keys = try await secretKeys()
        let header = #"{"alg":"HS256"}"#
        let signatureAndDots = 43 + 2
        let characters = TokenParts.maximumLength + more - signatureAndDots - Base64URL.encode(header.utf8).utf8.count
        // A count of base64 characters that leaves 1 over 4 does not exist: the header is padded by blanks then.
        var blanks = ""
        var rest = characters
        while rest % 4 == 1 {
            blanks += " "
            let encoded = Base64URL.encode((header + blanks).utf8).utf8.count
            rest = TokenParts.maximumLength + more - signatureAndDots - encoded
        }
        let start = #"{"exp":2000,"x":""#
        let claims = start + String(repeating: "x", count: rest * 3 / 4 - start.utf8.count - 2) + "\"}"
        let token = try key.token(claims, .hs256, header: header + blanks)
        #expect(token.utf8.count == TokenParts.maximumLength + more)
        #expect(refusal(token, keys) == (more > 0 ? .malformed(.tooLong) : nil))
    }

    @Test(arguments: [1_023, 1_024, 1_025]) func headerLength(_ length: Int) async throws {
        let start = #"{"alg":"HS256","x":""#
        let header = start + String(repeating: "x", count: length - start.utf8.count - 2) + "\"}"
        #expect(try await headerRefusal(header) == (length > 1_024 ? .malformed(.header) : nil))
    }

    @Test func headerThatIsNone() async throws {
        for header in [
            "", "{}", "[]", "null", "\"HS256\"", #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"alg":5}"#,
            "{'alg':'HS256'}",
            #"{"alg":"HS256"}{}"#, #"{"alg":"HS256","kid":5}"#, #"{"alg":"HS256","kid":null}"#,
            #"{"alg":"HS256","kid":"a\nb"}"#, #"{"alg":"HS256","kid":"\u0000"}"#,
            "{\"alg\":\"HS256\",\"kid\":\"\(String(repeating: "k", count: 256))\"}",
        ] {
            #expect(try await headerRefusal(header) == .malformed(.header), "\(header)")
        }
    }

    /// A verifier that reads the first `alg` and one that reads the last would not agree.
    @Test func duplicateMembers() async throws {
        for header in [
            #"{"alg":"HS256","alg":"HS256"}"#, #"{"alg":"none","alg":"HS256"}"#, #"{"alg":"HS256","\u0061lg":"none"}"#,
            #"{"alg":"HS256","kid":"a","kid":"b"}"#, #"{"alg":"HS256","x":{"y":1,"y":2}}"#,
        ] {
            #expect(try await headerRefusal(header) == .malformed(.header), "\(header)")
        }
        for claims in [#"{"exp":2000,"exp":2000}"#, #"{"exp":1,"e\u0078p":2000}"#, #"{"exp":2000,"a":{"b":1,"b":1}}"#] {
            let token = try key.token(claims, .hs256)
            #expect(refusal(token, try await secretKeys()) == .malformed(.claims), "\(claims)")
        }
    }

    @Test func type() async throws {
        for type in ["JWT", "jwt", "Jwt", "at+jwt", "AT+JWT"] {
            #expect(try await headerRefusal(#"{"alg":"HS256","typ":"\#(type)"}"#) == nil, "\(type)")
        }
        for type in [#""""#, #""JWS""#, #""secevent+jwt""#, #""logout+jwt""#, #""JWT ""#, "null", "1", #"["JWT"]"#] {
            #expect(try await headerRefusal(#"{"alg":"HS256","typ":\#(type)}"#) == .malformed(.type), "\(type)")
        }
    }

    /// Folding the case must not turn other characters into these: a vertical tab is a plus sign but for one bit.
    @Test func typeOfOtherCharacters() async throws {
        for type in [#"at\u000bjwt"#, #"\u212awt"#, #"\u004a\u0057\u0054\u0000"#] {
            #expect(try await headerRefusal(#"{"alg":"HS256","typ":"\#(type)"}"#) == .malformed(.type), "\(type)")
        }
    }
}
