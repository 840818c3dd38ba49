import Testing

@testable import AccessControl

@Suite struct KeySetURLTests {
    @Test func goodOnes() {
        for (text, host, isEncrypted) in [
            ("https://idp.example/.well-known/jwks.json", "idp.example", true),
            ("HTTPS://idp.example", "idp.example", true), ("http://keycloak:8080/certs?a=b", "keycloak", false),
            ("https://[::1]:8443/x", "[::1]", true), ("https://a_b-c.example:65535", "a_b-c.example", true),
            ("https://idp.example?tenant=user@example.com", "idp.example", true),
        ] {
            let url = KeySetURL(text)
            #expect(url?.host == host && url?.isEncrypted == isEncrypted && url?.text == text, "\(text)")
        }
    }

    @Test func badOnes() {
        for text in [
            "", "idp.example/jwks", "//idp.example/", "ftp://idp.example/", "file:///etc/passwd", "https:/idp.example",
            "https://", "https:///x", "https://:443/", "https://user:secret@idp.example/", "https://user@idp.example/",
            "https://idp.example\\@attacker.example/", "https://idp.example/#a", "https://idp.example:0/",
            "https://idp.example:65536/", "https://idp.example:/", "https://idp.example:8a/", "https://idp example/",
            "https://idp.example/\r\nHost: x", "https://\u{e9}.example/", "https://[::1/", "https://[]/",
            "https://[::1]x/", "https://a%2eb/", "http+unix://x", " https://idp.example/",
            "https://idp.example/" + String(repeating: "x", count: 2_048),
        ] {
            #expect(KeySetURL(text) == nil, "\(text)")
        }
    }
}
