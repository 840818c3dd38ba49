import Testing

@testable import AccessControl

@Suite("Policies by prefix")
struct PoliciesTests {
    private static func prefix(_ text: String) throws -> PathPrefix { try #require(PathPrefix(Array(text.utf8))) }

    private static func policies(_ entries: [(String, PolicyRules)]) throws -> Policies {
        try Policies(try entries.map { (try prefix($0.0), $0.1) })
    }

    private static func rules(_ change: (inout PolicyRules) -> Void) -> PolicyRules {
        var rules = PolicyRules()
        change(&rules)
        return rules
    }

    private static func lasting(_ seconds: Int) -> PolicyRules { rules { $0.lifetime = seconds } }

    @Test("The longest prefix decides, and prefixes are compared as bytes")
    func longest() throws {
        let policies = try Self.policies([
            ("users/7/", Self.lasting(3)), ("", Self.lasting(1)), ("users/", Self.lasting(2)),
            ("users/é/", Self.lasting(4)),
        ])
        for (path, expected) in [
            ("users/7/a.jpg", 3), ("users/7/b/a.jpg", 3), ("users/70/a.jpg", 2), ("users/7", 2), ("users", 1),
            ("Users/7/a.jpg", 1), ("a.jpg", 1), ("zzz/a.jpg", 1), ("users/é/a", 4), ("users/e\u{301}/a", 2), ("", 1),
        ] {
            #expect(policies.policy(for: path.utf8)?.rules.lifetime == expected, "\(path)")
        }
        #expect(try Self.policies([("b/", Self.lasting(1))]).policy(for: "a/x".utf8) == nil)
        #expect(Policies().policy(for: "a".utf8) == nil && Policies().isEmpty)
    }

    @Test("What a policy does not say comes from the next shorter prefix")
    func inheritance() throws {
        let policies = try Self.policies([
            ("", Self.rules { ($0.types, $0.reads) = (["jpeg"], .protected) }),
            ("a/", Self.rules { ($0.maximumPixels, $0.writers) = (9, []) }),
            ("a/b/c/", Self.rules { ($0.reads, $0.lifetime) = (.public, 0) }),
        ])
        let rules = try #require(policies.policy(for: "a/b/c/x".utf8)?.rules)
        #expect(rules.reads == .public && rules.types == ["jpeg"] && rules.maximumPixels == 9 && rules.writers == [])
        #expect(policies.chain(for: "a/b/c/x".utf8).map(\.prefix.text) == ["a/b/c/", "a/", ""])
        #expect(policies.policy(for: "a/b/x".utf8)?.rules.reads == .protected)
        #expect(policies.policy(for: "b/x".utf8)?.rules.maximumPixels == nil)
    }

    /// Against a search through all of them.
    @Test("The search finds what a scan of all policies finds")
    func search() throws {
        var random = SystemRandomNumberGenerator()
        let segments = ["a", "b", "aa", "a-", "a0", "é", "ab"]
        func path(_ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in segments.randomElement(using: &random) ?? "a" }
                .map { $0 + "/" }.joined()
        }
        for _ in 0..<200 {
            let prefixes = Set((0..<Int.random(in: 0...40, using: &random)).map { _ in path(4) })
            let policies = try Self.policies(prefixes.map { ($0, PolicyRules()) }.shuffled())
            for _ in 0..<50 {
                let wanted = path(5) + (segments.randomElement(using: &random) ?? "")
                let expected = prefixes.filter { wanted.utf8.starts(with: $0.utf8) }
                    .sorted { $0.utf8.count > $1.utf8.count }
                #expect(policies.policy(for: wanted.utf8)?.prefix.text == expected.first)
                #expect(policies.chain(for: wanted.utf8).map(\.prefix.text) == expected)
                let within = policies.all[policies.places(within: wanted.utf8)].map(\.prefix.text)
                #expect(Set(within) == prefixes.filter { $0.utf8.starts(with: wanted.utf8) })
            }
        }
    }

    @Test("A list has at most 1,000 policies, and each prefix once")
    func bounds() throws {
        func some(_ count: Int) throws -> [(PathPrefix, PolicyRules)] {
            try (0..<count).map { (try Self.prefix("\($0)/"), PolicyRules()) }
        }
        #expect(try Policies(some(1_000)).all.count == 1_000)
        #expect(throws: PolicyListError.tooMany(1_001)) { try Policies(some(1_001)) }
        #expect(throws: PolicyListError.twice(try Self.prefix("a/"))) {
            try Self.policies([("a/", PolicyRules()), ("b/", PolicyRules()), ("a/", Self.lasting(1))])
        }
    }

    @Test("Prefixes with a lifetime are found once, without those inside them")
    func lifetimes() throws {
        let policies = try Self.policies([
            ("a/", Self.lasting(5)), ("a/b/", Self.lasting(0)), ("a/b/c/", Self.lasting(7)), ("b/", PolicyRules()),
            ("b/c/", Self.lasting(1)), ("c/", Self.lasting(0)),
        ])
        #expect(policies.prefixesWithLifetime == [Array("a/".utf8), Array("b/c/".utf8)])
    }

    // MARK: Writers

    private static func identity(_ name: Identity.Name) -> Identity {
        Identity(name: name, scopes: [.write], prefixes: [.everything])
    }

    @Test("A pattern names everybody, a key or a subject")
    func patterns() {
        let callers: [(String, Identity?)] = [
            ("shop", Self.identity(.key("shop"))), ("7", Self.identity(.subject("7"))),
            ("none", Self.identity(.subject(nil))), ("*", Self.identity(.subject("*"))), ("nobody", nil),
        ]
        for (pattern, expected) in [
            ("*", ["shop", "7", "none", "*", "nobody"]), ("key:*", ["shop"]), ("key:shop", ["shop"]), ("key:crm", []),
            ("subject:*", ["7", "none", "*"]), ("subject:7", ["7"]), ("subject:shop", []), ("key:7", []),
        ] {
            let read = WriterPattern(pattern)
            #expect(read?.text == pattern)
            #expect(callers.filter { read?.includes($0.1) == true }.map(\.0) == expected, "\(pattern)")
        }
        for bad in ["", "shop", "key:", "subject:", "key:a b", "keys:shop", ":", "Key:shop", "**"] {
            #expect(WriterPattern(bad) == nil, "\(bad)")
        }
        // Two spellings of one letter are two subjects.
        #expect(WriterPattern("subject:é")?.includes(Self.identity(.subject("e\u{301}"))) == false)
    }

    @Test("Without a list everybody may write; an empty list lets nobody")
    func lists() {
        let shop = Self.identity(.key("shop"))
        #expect(PolicyRules().letWrite(shop) && PolicyRules().letWrite(nil))
        #expect(!Self.rules { $0.writers = [] }.letWrite(shop))
        #expect(Self.rules { $0.writers = [.subject("7"), .key("shop")] }.letWrite(shop))
    }

    // MARK: Lockouts

    private static func reasons(
        _ rules: PolicyRules, keys: String = "", signing: Bool = false, hasCredentials: Bool = true
    ) throws -> [String] {
        let access = AccessControl(
            apiKeys: try APIKeys(parsing: keys),
            signingKeys: try SigningKeys(parsing: signing ? "k:\(String(repeating: "s", count: 32))" : ""),
            signer: URLSigner(longestSeconds: 60, grainSeconds: 1), hasCredentials: hasCredentials,
            policies: try policies([("a/", rules), ("a/b/", PolicyRules())]))
        #expect(access.lockouts.allSatisfy { $0.prefix.text == "a/" })
        return access.lockouts.map(\.reason)
    }

    @Test("A policy under which nobody can write or read is told, and no other")
    func lockouts() throws {
        let secret = String(repeating: "x", count: 32)
        let writers = { (list: [WriterPattern]) in Self.rules { $0.writers = list } }
        #expect(try Self.reasons(writers([]))[0].contains("is empty"))
        #expect(try Self.reasons(writers([.key("shop")])).count == 1)
        #expect(try Self.reasons(writers([.key("shop")]), keys: "shop:\(secret):read").count == 1)
        #expect(try Self.reasons(writers([.key("shop")]), keys: "shop:\(secret):write:b/").count == 1)
        #expect(try Self.reasons(writers([.key("shop")]), keys: "shop:\(secret):write:a/c/") == [])
        #expect(try Self.reasons(writers([.key("shop")]), keys: "shop:\(secret):write") == [])
        #expect(try Self.reasons(writers([.key(nil)]), keys: "shop:\(secret):write") == [])
        #expect(try Self.reasons(writers([.subject(nil)]), keys: "shop:\(secret):write").count == 1)
        #expect(try Self.reasons(writers([.key("shop")]), hasCredentials: false)[0].contains("no credential"))
        #expect(try Self.reasons(writers([.everybody]), hasCredentials: false) == [])
        let protected = Self.rules { $0.reads = .protected }
        #expect(try Self.reasons(protected, hasCredentials: false)[0].contains("nobody can read"))
        #expect(try Self.reasons(protected, signing: true, hasCredentials: false) == [])
        #expect(try Self.reasons(protected) == [])
    }

    // MARK: Signed URLs

    private static let now: Int64 = 1_800_000_123

    /// Before, at and after a revocation, within one grain, and one that is still to come.
    @Test(
        "A revocation ends every URL signed before it, and none that is new",
        arguments: [-123, -1, 0, 1, 150, 176, 177, 10_000])
    func revocation(_ offset: Int64) throws {
        let access = AccessControl(
            signingKeys: try SigningKeys(parsing: "k:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300), hasCredentials: false)
        let path = Array("a/x.jpg".utf8)
        func sign(_ now: Int64) throws -> [UInt8] {
            Array(try #require(access.sign(path: path, query: "w=1", for: 600, now: now)).query.utf8)
        }
        func isValid(_ query: [UInt8], _ now: Int64) -> Bool {
            (try? access.verify(path: path, query: query[...], now: now)) != nil
        }
        let notBefore = Self.now + offset
        let old = try sign(Self.now - 200)
        let sameGrain = try sign(Self.now)
        #expect(isValid(old, Self.now) && isValid(sameGrain, Self.now))
        let generation = access.generation
        access.replace(
            policies: try Self.policies([("a/", Self.rules { $0.notBefore = notBefore }), ("b/", PolicyRules())]))
        #expect(access.generation != generation)
        // `iat` is the beginning of the grain, 123 s before.
        #expect(isValid(sameGrain, Self.now) == (offset <= -123))
        #expect(!isValid(old, Self.now))
        for later in [0, 1, 60, 200] {
            let now = Self.now + Int64(later)
            #expect(isValid(try sign(now), now), "\(later)")
        }
        let other = Array("b/x.jpg".utf8)
        let elsewhere = try #require(access.sign(path: other, query: "", for: 600, now: Self.now - 200))
        #expect((try? access.verify(path: other, query: Array(elsewhere.query.utf8)[...], now: Self.now)) != nil)
    }

    @Test("Without policies the generation of policies is 0, also after a reload of keys")
    func generation() throws {
        let access = AccessControl(signer: URLSigner(longestSeconds: 60, grainSeconds: 1))
        access.replace(apiKeys: APIKeys())
        #expect(access.policyGeneration == 0)
        access.replace(policies: Policies())
        #expect(access.policyGeneration > 0)
        #expect(
            AccessControl(
                signer: URLSigner(longestSeconds: 60, grainSeconds: 1),
                policies: try Self.policies([("a/", PolicyRules())])
            ).policyGeneration > 0)
    }
}
