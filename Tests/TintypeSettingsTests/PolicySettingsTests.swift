import AccessControl
import Testing

@testable import TintypeSettings

/// The policies of the settings file.
@Suite struct PolicySettingsTests {
    private static let presets = ["PRESETS": "thumb:w=100,card:w=800"]

    private static func policies(_ yaml: String) throws -> Policies {
        try Settings.load(environment: presets, yaml: yaml, path: "t.yaml").policies
    }

    private static let example = """
        policies:
          "": {types: [jpeg, png], maxUploadBytes: 2000}
          users/:
            reads: protected
            writers: ["subject:*", "key:shop"]
            maxPixels: 1000000
            renditions: presets
            cacheControl: "public, max-age=60"
            lifetime: 86400
            notBefore: 2026-11-30T12:00:00Z
          users/open/: {reads: public, renditions: [thumb, card], writers: [], lifetime: 0}
          any/: {renditions: any, writers: "*", types: "webp, avif"}
        """

    @Test func everyKeyIsRead() throws {
        let policies = try Self.policies(Self.example)
        #expect(policies.all.map(\.prefix.text) == ["", "any/", "users/", "users/open/"])
        let users = try #require(policies.policy(for: "users/7".utf8)).rules
        #expect(users.reads == .protected)
        #expect(users.writers == [.subject(nil), .key("shop")])
        #expect(users.types == ["jpeg", "png"] && users.maximumUploadBytes == 2000 && users.maximumPixels == 1_000_000)
        #expect(users.renditions == .presets(nil))
        #expect(users.cacheControl == "public, max-age=60" && users.lifetime == 86_400)
        #expect(users.notBefore == 1_796_040_000)
        let open = try #require(policies.policy(for: "users/open/a".utf8)).rules
        #expect(open.reads == .public && open.renditions == .presets(["thumb", "card"]) && open.writers == [])
        #expect(open.lifetime == 0 && open.maximumPixels == 1_000_000)
        let any = try #require(policies.policy(for: "any/a".utf8)).rules
        #expect(any.renditions == .any && any.writers == [.everybody] && any.types == ["webp", "avif"])
    }

    /// Each of them is read back as it was.
    @Test func everyKeyIsShown() throws {
        let policies = try Self.policies(Self.example)
        for policy in policies.all {
            for field in PolicyField.all {
                guard let text = field.value(in: policy.says) else { continue }
                var again = PolicyRules()
                #expect(field.set(text, in: &again))
                #expect(field.value(in: again) == text)
            }
        }
        let shown = PolicyReference.effective(policies)
        #expect(shown.contains("policy \"users/open/\"\n    reads: public\n    writers: []\n"))
        #expect(
            SettingsReference.effective(try Settings.load(environment: [:], yaml: "", path: "")).contains("policy")
                == false)
    }

    @Test(arguments: ["policies:\n", "policies: {}\n", "policies: ~\n", ""])
    func aFileMayHaveNone(_ yaml: String) throws {
        #expect(try Self.policies(yaml).isEmpty)
    }

    @Test func everyErrorIsNamedWithPrefixKeyValueAndExpectation() throws {
        let text = try #require(
            errorText(
                Self.presets,
                yaml: """
                    port: x
                    policies:
                      users: {reads: public}
                      /a/: {reads: public}
                      a//b/: {}
                      b/: {reads: private, lifetme: 1, maxUploadBytes: 99999999999, maxPixels: 1.5}
                      c/: {types: [gif], writers: [shop], renditions: [none], lifetime: 1d, notBefore: 2026-11-30}
                      d/: {maxUploadBytes: 52428801, maxPixels: 120000001}
                      e/: {writers: , types: [], cacheControl: {a: b}, renditions: []}
                      f/: protected
                    """))
        for (name, value, expected) in [
            ("port in the file", "x", "a whole number"), ("a prefix of policies", "users", "ends with a slash"),
            ("a prefix of policies", "/a/", "does not begin with one"), ("a prefix of policies", "a//b/", "folder"),
            (#"policies, "b/", reads"#, "private", "public or protected"),
            (#"policies, "b/""#, "lifetme", "only the keys reads, writers, types"),
            (#"policies, "b/", maxUploadBytes"#, "99999999999", "a whole number of bytes from 1"),
            (#"policies, "b/", maxPixels"#, "1.5", "a whole number from 1"),
            (#"policies, "c/", types"#, "gif", "jpeg, png, webp, avif"),
            (#"policies, "c/", writers"#, "shop", "key:NAME"),
            (#"policies, "c/", lifetime"#, "1d", "a whole number of seconds"),
            (#"policies, "c/", notBefore"#, "2026-11-30", "2026-11-30T12:00:00Z"),
            (#"policies, "d/", maxUploadBytes"#, "52428801", "at most MAX_UPLOAD_BYTES, which is 52428800"),
            (#"policies, "d/", maxPixels"#, "120000001", "at most MAX_IMAGE_PIXELS, which is 120000000"),
            (#"policies, "e/", writers"#, "", "or [] for nobody"), (#"policies, "e/", types"#, "", "at least one"),
            (#"policies, "e/", cacheControl"#, "a list or mapping", "visible ASCII"),
            (#"policies, "e/", renditions"#, "", "any, presets"), (#"policies, "f/""#, "protected", "a mapping"),
        ] {
            let line = text.split(separator: "\n").first { line in
                line.contains("  \(name) ") && line.contains(" is \(value.debugDescription): expected ")
                    && line.contains(expected)
            }
            #expect(line != nil, "\(name)")
        }
        #expect(text.hasPrefix("19 settings are wrong"), "\(text)")
        let preset = try #require(errorText(Self.presets, yaml: "policies: {a/: {renditions: [none, thumb]}}"))
        #expect(preset.contains(#"policies, "a/", renditions in the file is "none": expected any"#))
        #expect(try #require(errorText([:], yaml: "policies: [a/]")).contains("a mapping of prefixes"))
        #expect(
            try #require(errorText([:], yaml: "policies: {a/: {reads: public}, a/: {}}")).contains("every key once"))
    }

    @Test func theExampleOfTheReferencePageIsValid() throws {
        let blocks = SettingsReference.page.split(separator: "```yaml\n").map { $0.split(separator: "```")[0] }
        let example = try #require(blocks.first { $0.hasPrefix("policies:") })
        let policies = try Self.policies(String(example))
        let rules = try #require(policies.policy(for: "users/public/a.jpg".utf8)).rules
        #expect(rules.reads == .public && rules.writers == [.subject(nil)] && rules.maximumUploadBytes == 20_000_000)
    }

    @Test func aLimitMayBeThatOfTheSettings() throws {
        let rules = try Self.policies("policies: {a/: {maxUploadBytes: 52428800, maxPixels: 120000000}}").all[0].rules
        #expect(rules.maximumUploadBytes == 52_428_800 && rules.maximumPixels == 120_000_000)
    }

    /// The limit of a wrong setting would be its default, which says nothing.
    @Test func aWrongLimitMakesNoSecondError() throws {
        let text = try #require(
            errorText(["MAX_UPLOAD_BYTES": "x"], yaml: "policies: {a/: {maxUploadBytes: 60000000}}"))
        #expect(text.hasPrefix("1 setting is wrong"))
    }

    @Test func thereAreAtMostAThousand() throws {
        func yaml(_ count: Int) -> String {
            "policies:\n" + (0..<count).map { "  \($0)/: {reads: public}\n" }.joined()
        }
        #expect(try Self.policies(yaml(1_000)).all.count == 1_000)
        #expect(try #require(errorText([:], yaml: yaml(1_001))).contains("at most 1000 policies"))
    }

    @Test func aLaterTextOfTheFileChangesPoliciesOnly() throws {
        let file = LoadedFile(path: "t.yaml", yaml: "port: 1\nlogLevel: info\npolicies: {a/: {reads: public}}\n")
        let settings = try Settings.load(environment: ["MAX_UPLOAD_BYTES": "1000"], yaml: "", path: "")
        let change = try file.change(
            "port: 2\nhost: 127.0.0.1\npolicies: {b/: {reads: protected}}\n", settings, hasPolicies: true)
        #expect(change.policies.all.map(\.prefix.text) == ["b/"])
        #expect(change.otherKeys == ["host", "logLevel", "port"])
        #expect(try file.change("port: 1\nlogLevel: info\n", settings, hasPolicies: false).otherKeys == [])
        #expect(try file.change("policies: {}", settings, hasPolicies: true).policies.isEmpty)
        // Perhaps a half written file: protected folders must not open.
        for short in ["", "# nothing", "port: 1\n"] {
            #expect(throws: SettingsErrors.self, "\(short)") {
                try file.change(short, settings, hasPolicies: true)
            }
        }
        for bad in [
            "policies: {b/: {maxUploadBytes: 1001}}", "policies: {b: {}}", "nonsense: 1", "policies: {b/: {", "- a",
        ] {
            #expect(throws: SettingsErrors.self, "\(bad)") { try file.change(bad, settings, hasPolicies: true) }
        }
    }

    @Test func anExplanationTellsWhereEachValueComesFrom() throws {
        let settings = try Settings.load(environment: Self.presets, yaml: Self.example, path: "t.yaml")
        let text = PolicyReference.explanation(of: Array("users/open/a.jpg".utf8), settings)
        for line in [
            #""users/open/a.jpg": policy "users/open/""#, #"  reads: public  (policy "users/open/")"#,
            #"  writers: []  (policy "users/open/")"#, #"  types: jpeg,png  (policy "")"#,
            #"  maxPixels: 1000000  (policy "users/")"#, #"  maxUploadBytes: 2000  (policy "")"#,
        ] {
            #expect(text.contains(line + "\n"), "\(text)")
        }
        let none = PolicyReference.explanation(
            of: Array("a.jpg".utf8), try Settings.load(environment: [:], yaml: "", path: ""))
        #expect(none.contains("no policy; the settings hold\n  reads: public  (READ_ACCESS)\n  writers: no rule\n"))
    }
}
