import HTTPTypes
import ImageRequests
import Testing

@testable import ImageAPI

@Suite("Writes without credentials")
struct WritePolicyTests {
    private func code(
        _ fields: [(String, String)] = [], host: String?, isLoopback: Bool = true, areUnrestricted: Bool = false
    ) throws -> ProblemCode? {
        var headers = HTTPFields()
        for (name, value) in fields {
            headers.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        do throws(Problem) {
            try WritePolicy(areUnrestricted: areUnrestricted).judge(
                headers, authority: host, isLoopback: isLoopback)
            return nil
        } catch {
            #expect(error.detail.contains("No credential is configured"))
            #expect(error.detail.contains("UNSAFE_ALLOW_ANONYMOUS_WRITES=true"))
            return error.code
        }
    }

    @Test(
        "Plain names of this machine",
        arguments: [
            "localhost", "localhost:8080", "LocalHost:80", "a.localhost", "tenant-1.app.localhost:65535", "127.0.0.1",
            "127.0.0.1:1", "127.255.255.254", "[::1]", "[::1]:8080",
        ])
    func taken(_ host: String) throws {
        #expect(try code(host: host) == nil)
    }

    /// A page whose own host name pointed to loopback (DNS rebinding) could read where a photo was taken.
    @Test(
        "Every other host, and odd spellings of loopback",
        arguments: [
            "evil.example", "evil.example:8080", "localhost.evil.example", "evillocalhost", "localhost.",
            "a.localhost.",
            ".localhost", "a..localhost", "127.1", "127.0.1", "127.0.0.01", "127.0.0.1.", "0x7f.1", "0x7f.0.0.1",
            "2130706433", "0177.0.0.1", "127.0.0.256", "127.0.0.1.nip.io", "128.0.0.1", "0.0.0.0", "::1", "[::]",
            "[::1]x", "[::1", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::1%25lo]", "localhost:", "localhost:a",
            "localhost:80:80", "localhost:65536", "localhost:-1", "localhost:000080", "user@localhost",
            "localhost@evil.example", "127.0.0.1@evil.example", "", " ", "localhost ", "loc\u{212A}lhost",
            "evil.example#.localhost", "evil.example/.localhost",
        ])
    func rejected(_ host: String) throws {
        #expect(try code(host: host) == .writesNotAllowed)
    }

    @Test("A request without a host is rejected")
    func noHost() throws {
        #expect(try code(host: nil) == .writesNotAllowed)
    }

    @Test("A whole URL as target does not hide the Host field")
    func hostBesideAWholeURL() throws {
        #expect(try code([("Host", "evil.example")], host: "localhost") == .writesNotAllowed)
        #expect(try code([("Host", "localhost:80")], host: "localhost") == nil)
    }

    @Test(
        "Signs of a proxy",
        arguments: [
            ("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("Via", "1.1 proxy"), ("via", ""),
            ("x-forwarded-for", "127.0.0.1"),
        ])
    func proxies(_ name: String, _ value: String) throws {
        #expect(try code([(name, value)], host: "localhost") == .writesNotAllowed)
    }

    @Test(
        "Own origins",
        arguments: [
            ("localhost:8080", "http://localhost:8080"), ("localhost:8080", "https://localhost:8080"),
            ("localhost:8080", "HTTP://LOCALHOST:8080"), ("localhost", "http://localhost"),
            ("localhost:80", "http://localhost"), ("localhost", "http://localhost:80"),
            ("localhost", "https://localhost"), ("localhost:443", "https://localhost"), ("[::1]:1", "http://[::1]:1"),
        ])
    func ownOrigins(_ host: String, _ origin: String) throws {
        #expect(try code([("Origin", origin)], host: host) == nil)
    }

    @Test(
        "Foreign origins",
        arguments: [
            "null", "", "https://evil.example", "http://localhost", "http://localhost:8081", "http://127.0.0.1:8080",
            "http://a.localhost:8080", "ftp://localhost:8080", "http://localhost:8080/", "http://localhost:8080@evil",
            "http://user@localhost:8080", "localhost:8080", "http://localhost:8080, http://evil.example",
        ])
    func foreignOrigins(_ origin: String) throws {
        #expect(try code([("Origin", origin)], host: "localhost:8080") == .writesNotAllowed)
    }

    @Test("Origins that CORS_ORIGINS lists are not foreign; * lists none")
    func listedOrigins() throws {
        func isTaken(_ origins: [String], _ allowed: AllowedOrigins, host: String = "localhost") -> Bool {
            var headers = HTTPFields()
            for origin in origins { headers.append(HTTPField(name: .origin, value: origin)) }
            let policy = WritePolicy(areUnrestricted: false, allowedOrigins: allowed)
            return (try? policy.judge(headers, authority: host, isLoopback: true)) != nil
        }
        let shop = "https://shop.example"
        #expect(isTaken([shop], AllowedOrigins([shop])))
        #expect(!isTaken([shop + ":444"], AllowedOrigins([shop])) && !isTaken(["null"], AllowedOrigins([shop])))
        #expect(!isTaken([shop], AllowedOrigins(allowsPublicReads: true)))
        #expect(!isTaken([shop, shop], AllowedOrigins([shop])))
        #expect(!isTaken([shop], AllowedOrigins([shop]), host: "shop.example"))
    }

    @Test("Two Origin fields are rejected")
    func twoOrigins() throws {
        let own = ("Origin", "http://localhost")
        #expect(try code([own, own], host: "localhost") == .writesNotAllowed)
    }

    @Test("Another machine may not write; one setting disables all rules")
    func elsewhere() throws {
        #expect(try code(host: "localhost", isLoopback: false) == .writesNotAllowed)
        let fields = [("Via", "1.1 proxy"), ("Origin", "https://evil.example")]
        #expect(try code(fields, host: "evil.example", isLoopback: false, areUnrestricted: true) == nil)
        #expect(try code(host: nil, isLoopback: false, areUnrestricted: true) == nil)
    }
}
