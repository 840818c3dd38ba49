import Testing

@testable import AccessControl

@Suite struct TokenClaimsTests {
    private func claims(_ json: String, at now: Int64 = 1_000) throws(TokenError) -> TokenClaims {
        try TokenClaims(payload: Array(json.utf8), issuer: nil, audience: nil, at: now)
    }

    private func refusal(
        _ json: String, _ issuer: String? = nil, audience: String? = nil, at now: Int64 = 1_000
    ) -> TokenError? {
        do {
            _ = try TokenClaims(payload: Array(json.utf8), issuer: issuer, audience: audience, at: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func onlyExpiry() throws {
        let claims = try claims(#"{"exp":2000}"#)
        #expect(claims == TokenClaims(subject: nil, scopes: .read, prefixes: nil, expires: 2_000))
    }

    @Test func all() throws {
        let claims = try claims(
            #"{"exp":2000,"sub":"7","scope":"openid write  delete Read","prefixes":["users/7/","x/"],"iat":99999999}"#)
        #expect(claims.subject == "7" && claims.scopes == [.write, .delete] && claims.expires == 2_000)
        #expect(claims.prefixes?.map { String(decoding: $0.bytes, as: UTF8.self) } == ["users/7/", "x/"])
    }

    @Test(arguments: [(1_029, false), (1_030, true), (1_031, true)]) func expiry(_ now: Int64, isOver: Bool) {
        #expect(refusal(#"{"exp":1000}"#, at: now) == (isOver ? .expired : nil))
    }

    /// 1000.5 + 30: the second 1030 is still before it.
    @Test(arguments: [(1_030, false), (1_031, true)]) func fractionalExpiry(_ now: Int64, isOver: Bool) throws {
        #expect(refusal(#"{"exp":1000.5}"#, at: now) == (isOver ? .expired : nil))
        #expect(try claims(#"{"exp":1000.5}"#, at: 0).expires == 1_001)
    }

    @Test(arguments: [(969, true), (970, false), (971, false)]) func notBefore(_ now: Int64, isEarly: Bool) {
        #expect(refusal(#"{"exp":2000,"nbf":1000}"#, at: now) == (isEarly ? .notYetValid : nil))
    }

    @Test(arguments: [(970, true), (971, false)]) func fractionalNotBefore(_ now: Int64, isEarly: Bool) {
        #expect(refusal(#"{"exp":2000,"nbf":1000.25}"#, at: now) == (isEarly ? .notYetValid : nil))
    }

    @Test func timesThatAreNone() {
        #expect(refusal("{}") == .badClaim("exp"))
        for time in [
            "null", "\"2000\"", "true", "[2000]", "{}", "-1", "-0.5", "1e999", "-1e999", "1e300", "9223372036854775807",
            "18446744073709551616", "253402300800", "2000000000000",
        ] {
            #expect(refusal(#"{"exp":\#(time)}"#) == .badClaim("exp"), "\(time)")
            #expect(refusal(#"{"exp":2000,"nbf":\#(time)}"#) == .badClaim("nbf"), "\(time)")
        }
        #expect(refusal(#"{"exp":253402300799}"#) == nil && refusal(#"{"exp":2e3,"nbf":0}"#) == nil)
        #expect(refusal(#"{"exp":0}"#) == .expired && refusal(#"{"exp":2000}"#, at: .max) == .expired)
        #expect(refusal(#"{"exp":2000,"nbf":0}"#, at: .min) == .notYetValid)
        // RFC 7519 knows no rule for it.
        #expect(refusal(#"{"exp":2000,"iat":1e999}"#) == nil && refusal(#"{"exp":2000,"iat":"x"}"#) == nil)
    }

    @Test func issuer() {
        let issuer = "https://a.example"
        #expect(refusal(#"{"exp":2000,"iss":"https://a.example"}"#, issuer) == nil)
        for wrong in [
            "", #","iss":"https://a.example/""#, #","iss":"HTTPS://a.example""#, #","iss":"""#, #","iss":5"#,
            #","iss":null"#, #","iss":["https://a.example"]"#,
        ] {
            let json = "{\"exp\":2000\(wrong)}"
            #expect(refusal(json) == nil && refusal(json, issuer) == .wrongIssuer, "\(wrong)")
        }
        // They look the same.
        #expect(refusal(#"{"exp":2000,"iss":"cafe\u0301"}"#, "caf\u{e9}") == .wrongIssuer)
    }

    @Test func audience() {
        func refusal(_ audience: String) -> TokenError? {
            self.refusal("{\"exp\":2000\(audience)}", audience: "images")
        }
        #expect(refusal(#","aud":"images""#) == nil && refusal(#","aud":["x","images"]"#) == nil)
        for wrong in [
            "", #","aud":"image""#, #","aud":"images ""#, #","aud":"Images""#, #","aud":[]"#, #","aud":["x"]"#,
        ] {
            #expect(refusal(wrong) == .wrongAudience, "\(wrong)")
        }
        for wrong in [#","aud":null"#, #","aud":5"#, #","aud":{"images":1}"#, #","aud":["images",5]"#] {
            #expect(refusal(wrong) == .badClaim("aud"), "\(wrong)")
        }
        #expect(self.refusal(#"{"exp":2000,"aud":"other"}"#) == nil)
    }

    @Test func scopes() throws {
        #expect(try claims(#"{"exp":2000,"scope":""}"#).scopes == [])
        #expect(try claims(#"{"exp":2000,"scope":"openid profile"}"#).scopes == [])
        #expect(try claims(#"{"exp":2000,"scope":"admin"}"#).scopes == .admin)
        for wrong in ["null", "5", #"["read"]"#, "{}"] {
            #expect(refusal(#"{"exp":2000,"scope":\#(wrong)}"#) == .badClaim("scope"), "\(wrong)")
        }
    }

    @Test func subject() throws {
        #expect(try claims(#"{"exp":2000,"sub":"\#(String(repeating: "s", count: 255))"}"#).subject?.utf8.count == 255)
        #expect(try claims(#"{"exp":2000,"sub":"Jos\u00e9 \ud83d\ude00"}"#).subject == "Jos\u{e9} \u{1F600}")
        let long = "\"" + String(repeating: "s", count: 256) + "\""
        let accents = "\"" + String(repeating: "\u{e9}", count: 128) + "\""
        for wrong in ["null", "5", "[]", #""a\nb""#, #""\u0000""#, #""a\u007fb""#, #""\u0085""#, long, accents] {
            #expect(refusal(#"{"exp":2000,"sub":\#(wrong)}"#) == .badClaim("sub"), "\(wrong)")
        }
    }

    /// An entry that is wrong must not be passed over: the folders that remain would be other ones than meant.
    @Test func prefixes() throws {
        #expect(try claims(#"{"exp":2000,"prefixes":[]}"#).prefixes == [])
        for wrong in [
            "null", "5", "{}", #""users/7/""#, #"["users/7"]"#, #"[""]"#, #"["/"]"#, #"["users/7/","users/8"]"#,
            #"["users/../"]"#, #"["./"]"#, #"["a//"]"#, #"["/a/"]"#, #"["a/\u0000/"]"#, "[null]", #"[["a/"]]"#,
        ] {
            #expect(refusal(#"{"exp":2000,"prefixes":\#(wrong)}"#) == .badClaim("prefixes"), "\(wrong)")
        }
    }

    @Test func notAnObject() {
        for json in [
            "", "foo", "[]", "null", "\"x\"", "5", "{\"exp\":2000", "{\"exp\":2000}x", "\u{feff}{\"exp\":2000}",
        ] {
            #expect(refusal(json) == .malformed(.claims), "\(json)")
        }
    }

    /// A token that is expired and has a wrong signature is said to have a wrong signature: nothing that is unsigned is
    /// judged.
    @Test func signatureFirst() async throws {
        let wrong = SigningKey.hmac([UInt8](repeating: 7, count: 32))
        for claims in [#"{"exp":1}"#, "{}", "foo"] {
            #expect(
                AccessControlTests.refusal(try wrong.token(claims, .hs256), try await secretKeys()) == .badSignature)
        }
    }
}
