import ImageRequests
import Testing

@testable import TintypeSettings

@Suite struct BrowserSettingsTests {
    @Test func byDefaultNoOtherOriginMayDoAnything() throws {
        #expect(try load([:]).corsOrigins.isEmpty)
        #expect(try load(["CORS_ORIGINS": ""]).corsOrigins.isEmpty)
    }

    @Test(arguments: [
        ("https://shop.example", ["https://shop.example"], false), ("*", [], true),
        ("https://a.example,http://localhost:3000", ["https://a.example", "http://localhost:3000"], false),
        ("https://a.example, *", ["https://a.example"], true), ("http://[::1]:8080", ["http://[::1]:8080"], false),
        ("HTTPS://Shop.Example:443,http://b.example:80", ["https://shop.example", "http://b.example"], false),
        ("https://shop.example:80", ["https://shop.example:80"], false),
    ])
    func originsAreAsBrowsersWriteThem(_ text: String, _ origins: [String], _ isOpen: Bool) throws {
        let expected = AllowedOrigins(origins, allowsPublicReads: isOpen)
        #expect(try load(["CORS_ORIGINS": text]).corsOrigins == expected)
        #expect(try load([:], yaml: "corsOrigins: \"\(text)\"\n").corsOrigins == expected)
    }

    @Test func theFileMayHaveAList() throws {
        let settings = try load([:], yaml: "corsOrigins:\n- https://a.example\n- https://b.example\n")
        #expect(settings.corsOrigins == AllowedOrigins(["https://a.example", "https://b.example"]))
        #expect(SettingsReference.effective(settings).contains("CORS_ORIGINS=https://a.example,https://b.example"))
    }

    @Test(arguments: [
        "null", "shop.example", "https://shop.example/", "https://shop.example/a", "https://", "https://a.example,",
        ",https://a.example", "https://a.example https://b.example", "https://*.example", "https://u@a.example",
        "https://a.example?x", "https://a.example#x", "ftp://a.example", "https://a.example:0", "https://a.example:",
        "https://a.example:99999", "https://a.example,https://A.example:443", "*,*", "file://",
        "https://\u{E9}.example",
        "https://a.example//",
    ])
    func aMalformedOriginStopsTheStart(_ text: String) throws {
        let error = try #require(errorText(["CORS_ORIGINS": text]))
        #expect(error.contains("CORS_ORIGINS is") && error.contains("no slash at the end"))
    }

    @Test func theAuditLogIsOnIfThereAreCredentials() throws {
        let keys = ["API_KEYS": "a:\(String(repeating: "x", count: 32)):read"]
        #expect(try !load([:]).writesAuditLog)
        #expect(try load(keys).writesAuditLog)
        #expect(try load(["AUDIT_LOG": "on"]).writesAuditLog)
        #expect(try !load(keys.merging(["AUDIT_LOG": "off"]) { $1 }).writesAuditLog)
        #expect(errorText(["AUDIT_LOG": "true"])?.contains("expected on or off") == true)
    }
}
