import Testing

@testable import TintypeSettings

@Suite struct WebURLTests {
    @Test func parts() throws {
        let url = try #require(WebURL("HTTPS://cdn.example.org:8443/img/photos//"))
        #expect(url.scheme == .https)
        #expect(url.host == "cdn.example.org")
        #expect(url.port == 8443)
        #expect(url.path == "/img/photos")
        #expect(url.text == "https://cdn.example.org:8443/img/photos")
    }

    @Test func ipv6() throws {
        let url = try #require(WebURL("http://[::1]:9000"))
        #expect(url.host == "::1")
        #expect(url.port == 9000)
        #expect(url.text == "http://[::1]:9000")
        #expect(WebURL("http://[::1]")?.port == nil)
    }

    @Test(arguments: [
        "", "http://", "http:///x", "ftp://x", "x.org", "http://u@x", "http://u:p@x", "http://x?y", "http://x#y",
        "http://x:0", "http://x:65536", "http://x:", "http://x:+80", "http://::1", "http://a b", "http://x/ä",
        "http://[x]", "http://x\n", "//x",
    ])
    func rejected(_ text: String) { #expect(WebURL(text) == nil) }

    @Test func anEndpointHasNoPath() {
        #expect(errorText(["S3_ENDPOINT_URL": "http://x/y"]) != nil)
        #expect(errorText(["CDN_URL": "http://x/y"]) == nil)
    }
}
