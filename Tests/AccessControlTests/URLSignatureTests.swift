import Testing
import TextCoding

@testable import AccessControl

@Suite("Signed URLs")
struct URLSignatureTests {
    private static let keys = "new:\(String(repeating: "n", count: 32)),old:\(String(repeating: "o", count: 32))"
    private static let path = Array("holiday/my photo.jpg".utf8)
    private static let now: Int64 = 1_800_000_123
    private let signer = URLSigner(longestSeconds: 604_800, grainSeconds: 300)

    private func sign(_ query: String = "w=400", for seconds: Int64 = 60, now: Int64 = now) throws -> URLSigner.Signed {
        try #require(
            signer.sign(path: Self.path, query: query, for: seconds, now: now, keys: SigningKeys(parsing: Self.keys)))
    }

    private func error(
        _ query: String, path: [UInt8] = path, now: Int64 = now, keys: String = keys
    ) throws -> AccessError? {
        let keys = try SigningKeys(parsing: keys)
        do throws(AccessError) {
            _ = try URLSignature.verify(
                path: path, query: Array(query.utf8)[...], keys: keys, now: now, limits: signer)
            return nil
        } catch {
            return error
        }
    }

    /// The expected signature is from Python: hmac.new(b"n"*32, text, "sha256"), base64url without padding.
    @Test("The signature covers a tag, the path and the query, and is reproducible elsewhere")
    func text() throws {
        let signed = try sign()
        #expect(signed.query.hasPrefix("w=400&exp=1800000300&iat=1800000000&kid=new&sig="))
        let text = URLSignature.text(path: Self.path, query: "w=400&exp=1800000300&iat=1800000000&kid=new".utf8)
        #expect(
            String(decoding: text, as: UTF8.self)
                == "tintype-url-1\nholiday/my photo.jpg\nw=400&exp=1800000300&iat=1800000000&kid=new")
        #expect(try error(signed.query) == nil)
        #expect(signed.query.hasSuffix("&sig=fbd0eutInYkMbOashulGCHrgCgsv-0r3qiq6Rz6kmFc"))
    }

    @Test("Everybody within a grain gets the same URL, which ends at or after its time, at most a grain later")
    func grain() throws {
        let first = try sign(now: 1_800_000_000)
        #expect(try sign(now: 1_800_000_001) == first && sign(now: 1_800_000_240) == first)
        #expect(try sign(now: 1_800_000_241) != first)
        for now in stride(from: Int64(1_800_000_000), to: 1_800_000_600, by: 7) {
            let expires = try sign(now: now).expires
            #expect(expires >= now + 60 && expires < now + 360 && expires % 300 == 0)
        }
    }

    @Test("A changed, appended, removed or reordered parameter breaks it; so does another path")
    func changes() throws {
        let query = try sign("w=400&h=300").query
        #expect(try error(query) == nil)
        for changed in [
            query.replacing("w=400", with: "w=401"), query + "&w=800", query + "&utm=1", "utm=1&" + query, query + "&",
            "&" + query, query.replacing("w=400&h=300", with: "h=300&w=400"), query.replacing("w=400&", with: ""),
            query.replacing("w=400", with: "w=%3400"), query.replacing("w=400", with: "%77=400"),
            query.replacing("exp=1800000300", with: "exp=1900000200"), query.replacing("kid=new", with: "kid=old"),
            query.replacing("iat=1800000000", with: "iat=1800000001"), query + "&sig=x", query + "&s%69g=x",
            query + "&exp=1900000200", query + "&%65xp=1900000200", query.replacing("&sig=", with: "&sig=A"),
            query.replacing("kid=new", with: "kid=none"), query.replacing("&kid=new", with: ""), query + "=",
            query.replacing("exp=", with: "exp=+"), query.replacing("exp=", with: "exp=0000000"), "sig=", "",
        ] {
            #expect(try error(changed) != nil, "\(changed)")
        }
        for path in ["holiday/my%20photo.jpg", "holiday/my photo.jpg2", "Holiday/my photo.jpg", "my photo.jpg", ""] {
            #expect(try error(query, path: Array(path.utf8)) != nil, "\(path)")
        }
    }

    /// The last of 43 characters has two bits that the bytes do not use.
    @Test("There is one spelling of a signature")
    func spelling() throws {
        let query = try sign().query
        let last = try #require(query.last)
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=" where other != last {
            #expect(try error(query.dropLast() + String(other)) != nil)
        }
        #expect(try error(query + "=") != nil)
    }

    /// The signature is right wherever `sig` stands.
    @Test("Only the order of the signed parameters counts")
    func position() throws {
        let query = try sign().query
        let parts = query.split(separator: "&sig=")
        #expect(try error("sig=\(parts[1])&\(parts[0])") == nil)
    }

    @Test("It ends with its time, and lasts no longer than allowed")
    func time() throws {
        let signed = try sign()
        #expect(try error(signed.query, now: signed.expires - 1) == nil)
        #expect(try error(signed.query, now: signed.expires) != nil)
        #expect(try error(sign(for: 604_800).query) == nil)
        // Signed by a backend that holds the key and ignores the limit, or moves it into the future.
        #expect(try error(sign(for: 604_800 + 601).query) != nil)
        #expect(try error(sign(now: Self.now + 86_400).query) != nil)
    }

    @Test("A key that is not first still verifies, and a key that is gone does not")
    func rotation() throws {
        let query = try sign().query
        let swapped = Self.keys.split(separator: ",").reversed().joined(separator: ",")
        #expect(try error(query, keys: swapped) == nil)
        #expect(try error(query, keys: String(Self.keys.split(separator: ",")[1])) != nil)
    }

    /// Before, at and after a revocation, within one grain.
    @Test("A new URL is valid after a revocation", arguments: [-1, 0, 1, 150, 299])
    func revocation(_ offset: Int64) throws {
        let notBefore = Self.now + offset
        let signed = try #require(
            signer.sign(
                path: Self.path, query: "", for: 60, now: Self.now, notBefore: notBefore,
                keys: SigningKeys(parsing: Self.keys)))
        let keys = try SigningKeys(parsing: Self.keys)
        let verified = try URLSignature.verify(
            path: Self.path, query: Array(signed.query.utf8)[...], keys: keys, now: Self.now,
            limits: signer)
        #expect(verified.issued >= notBefore)
    }

    @Test(
        "Wrong lists of keys are refused",
        arguments: ["a", "a:short", ":\(String(repeating: "x", count: 32))", "a:\(String(repeating: "x", count: 31))"])
    func lists(_ text: String) {
        #expect(throws: KeyListError.self) { _ = try SigningKeys(parsing: text) }
    }
}
