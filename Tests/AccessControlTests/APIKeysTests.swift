import Testing

@testable import AccessControl

@Suite("API keys")
struct APIKeysTests {
    private static let secret = String(repeating: "s", count: 32)
    private static let other = String(repeating: "o", count: 32)

    private static func error(_ text: String) -> String? {
        do throws(KeyListError) {
            _ = try APIKeys(parsing: text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("An entry has a name, a secret, scopes, and prefixes if it has a fourth part")
    func entries() throws {
        let keys = try APIKeys(parsing: "shop:\(Self.secret):read write,crm:\(Self.other):read delete:users/ a:b/")
        #expect(keys.keys.map(\.name) == ["shop", "crm"])
        let shop = try #require(keys.key(secret: Self.secret.utf8))
        #expect(shop.scopes == [.read, .write] && shop.prefixes == [.everything])
        let crm = try #require(keys.key(secret: Self.other.utf8))
        // The fourth part is the rest of the entry: a prefix may contain a colon.
        #expect(crm.scopes == [.read, .delete] && crm.prefixes.map(\.text) == ["users/", "a:b/"])
        #expect(keys.key(secret: "".utf8) == nil && keys.key(secret: Self.secret.dropLast().utf8) == nil)
    }

    @Test("A hash may stand for the secret, in either case, and is not a secret itself")
    func hashes() throws {
        // Of 32 times "s", by sha256sum.
        let hash = "sha256=8fd6a6a78f5857d7ba1cfe9033bffeec86da2ba6a4bd60a6f833209d9d3e390d"
        let hashed = try APIKeys(parsing: "a:\(hash):read")
        #expect(hashed.key(secret: Self.secret.utf8) != nil && hashed.key(secret: hash.utf8) == nil)
        let entry = APIKeys.entry(name: "a", secret: Self.secret, scopes: "read", prefixes: "p/")
        #expect(!entry.contains(Self.secret))
        let keys = try APIKeys(parsing: entry)
        #expect(keys.key(secret: Self.secret.utf8)?.prefixes.map(\.text) == ["p/"])
        let upper = entry.replacing(/sha256=[0-9a-f]+/) { "sha256=" + $0.output.dropFirst(7).uppercased() }
        #expect(try APIKeys(parsing: upper).key(secret: Self.secret.utf8) != nil)
    }

    @Test("Lines, comments and blanks are allowed between entries")
    func lines() throws {
        let text = "# keys of the shop\n\n a:\(Self.secret):read \r\n# old: \(Self.secret)\n,b:\(Self.other):admin,\n"
        #expect(try APIKeys(parsing: text).keys.map(\.name) == ["a", "b"])
        #expect(try APIKeys(parsing: "").keys.isEmpty)
    }

    @Test(
        "A wrong entry is named by its number and never shows a secret",
        arguments: [
            ("nonsense", "entry 1"), ("a:\(secret):read,b", "entry 2"), ("a b:\(secret):read", "name"),
            (":\(secret):read", "name"), ("a:\(String(secret.dropLast())):read", "32 characters"),
            ("a:sha256=12:read", "64 hexadecimal"), ("a:\(secret) x:read", "ASCII"),
            ("a:\(secret)\u{e9}:read", "ASCII"), ("a:\(secret):", "scope"), ("a:\(secret):read fly", "scopes"),
            ("a:\(secret):READ", "scopes"), ("a:\(secret):rest-of-secret:read", "scopes"),
            ("a:\(secret):read:users", "slash"), ("a:\(secret):read:", "prefix"), ("a:\(secret):read:../", "slash"),
            ("a:\(secret):read:/", "slash"), ("a:\(secret):read:a//", "slash"),
            ("a:\(secret):read,a:\(other):read", "twice"), ("a:\(secret):read,b:\(secret):read", "same secret"),
        ])
    func errors(_ text: String, _ part: String) throws {
        let error = try #require(Self.error(text))
        #expect(error.contains(part), "\(error)")
        for text in ["rest-of", String(Self.secret.dropLast()), String(Self.other.dropLast())] {
            #expect(!error.contains(text))
        }
    }

    @Test("Made secrets differ and are long enough")
    func made() throws {
        let secrets = (0..<100).map { _ in APIKeys.makeSecret() }
        #expect(Set(secrets).count == 100)
        for secret in secrets { _ = try APIKeys(parsing: "a:\(secret):read") }
    }

    @Test("Scopes imply nothing, and prefixes are compared as bytes")
    func rights() throws {
        let keys = try APIKeys(parsing: "a:\(Self.secret):admin:users/7/")
        let identity = try #require(keys.key(secret: Self.secret.utf8)).identity
        #expect(identity.may(.admin, "users/7/a.jpg".utf8))
        #expect(!identity.may(.read, "users/7/a.jpg".utf8) && !identity.may(.write, "users/7/a.jpg".utf8))
        for path in ["users/70/a.jpg", "users/7", "user", "Users/7/a.jpg", "", "x/users/7/a.jpg"] {
            #expect(!identity.may(.admin, path.utf8), "\(path)")
        }
        // The same character in another normal form is another path.
        let composed = try #require(PathPrefix(Array("caf\u{e9}/".utf8)))
        #expect(!composed.contains("cafe\u{301}/a.jpg".utf8) && composed.contains("caf\u{e9}/a.jpg".utf8))
    }

    @Test("What a credential text names is told without the credential")
    func texts() {
        #expect(Identity(name: .key("shop"), scopes: [], prefixes: []).text == "key:shop")
        #expect(Scopes(parsing: "write  read fly admin").names == ["read", "write", "admin"])
    }
}
