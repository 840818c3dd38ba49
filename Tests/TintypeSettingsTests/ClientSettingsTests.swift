import AccessControl
import Testing

@testable import TintypeSettings

@Suite("Settings about clients")
struct ClientSettingsTests {
    private func load(_ environment: [String: String] = [:], yaml: String = "") throws(SettingsErrors) -> Settings {
        try Settings.load(environment: environment, yaml: yaml, path: "t.yaml")
    }

    private func errorText(_ environment: [String: String] = [:], yaml: String = "") -> String? {
        do {
            _ = try load(environment, yaml: yaml)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func shown(_ name: String, _ settings: Settings) throws -> String? {
        try #require(Setting.all.first { $0.name == name }).value(in: settings)
    }

    @Test(
        "Rate limits in the environment and in the file are the same",
        arguments: [
            "rateLimits: reads=200/400,writes=10/50,failures=off\n",
            "rateLimits: [reads=200/400, writes=10/50, failures=off]\n",
            "rateLimits: {reads: 200/400, writes: 10/50, failures: off}\n",
            "rateLimits:\n  reads: 200/400\n  writes: \"10/50\"\n  failures: off\n",
        ])
    func rateLimits(_ yaml: String) throws {
        let settings = try load(yaml: yaml)
        #expect(try settings.rateLimits == load(["RATE_LIMITS": "reads=200/400, writes=10/50,failures=off"]).rateLimits)
        #expect(try shown("RATE_LIMITS", settings) == "reads=200/400,writes=10/50,failures=off")
    }

    @Test("Without them, failed credentials are limited, if there can be any")
    func standard() throws {
        let rules = try load().rateLimits
        #expect(rules.rule(for: .reads, hasCredentials: true) == nil)
        #expect(rules.rule(for: .failures, hasCredentials: true) == RateLimitRule(perSecond: 10, burst: 100))
        #expect(rules.rule(for: .failures, hasCredentials: false) == nil)
        #expect(try shown("RATE_LIMITS", load()) == "failures=10/100 if credentials are configured")
    }

    @Test("A wrong limit names the value and what was expected")
    func wrongLimits() throws {
        let text = try #require(errorText(["RATE_LIMITS": "reads=0/5"]))
        #expect(text.contains("RATE_LIMITS is \"reads=0/5\": expected reads=RATE/BURST"))
        #expect(text.contains("RATE is a number a second from 0.001"))
        #expect(errorText(yaml: "rateLimits: {reads: {rate: 1}}\n")?.contains("expected one value, a mapping") == true)
        #expect(errorText(yaml: "rateLimits: {request: 1/1}\n")?.contains("expected reads=RATE/BURST") == true)
    }

    @Test(
        "Trusted proxies in the environment and in the file are the same",
        arguments: ["trustedProxies: [10.0.0.0/8, \"fd00::/8\"]\n", "trustedProxies: 10.0.0.0/8,fd00::/8\n"])
    func proxies(_ yaml: String) throws {
        let settings = try load(yaml: yaml)
        #expect(settings.trustedProxies == ["10.0.0.0/8", "fd00::/8"].compactMap { IPNetwork($0) })
        #expect(try settings.trustedProxies == load(["TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"]).trustedProxies)
        #expect(try shown("TRUSTED_PROXIES", settings) == "10.0.0.0/8,fd00::/8")
    }

    @Test(
        "A wrong network stops the start",
        arguments: ["10.0.0.1/8", "10.0.0.0/0", "*", "proxy.example", "10.0.0.0/8,", "10.0.0.0/8;::1"])
    func wrongProxies(_ text: String) throws {
        let error = try #require(errorText(["TRUSTED_PROXIES": text]))
        #expect(error.contains("TRUSTED_PROXIES is \"\(text)\": expected IPv4 or IPv6 addresses"))
    }
}
