import Foundation

/// A file of Wycheproof's JSON web signatures and keys, from the folder CORPUS_DIR.
struct Wycheproof: Decodable {
    static let folder = ProcessInfo.processInfo.environment["CORPUS_DIR"].map {
        URL(fileURLWithPath: $0).appendingPathComponent("wycheproof")
    }

    struct Group: Decodable {
        var `private`: Keys?
        var `public`: Keys?
        var tests: [Test]

        /// What a verifier is given. Secrets have no public form.
        var keys: [Key] { (`public` ?? `private`)?.all ?? [] }
    }

    struct Test: Decodable {
        var tcId: Int
        var jws: String
        var result: String
    }

    /// One key, or a set.
    struct Keys: Decodable {
        var all: [Key]

        private enum CodingKeys: String, CodingKey {
            case keys
        }

        init(from decoder: any Decoder) throws {
            if let set = try? decoder.container(keyedBy: CodingKeys.self), set.contains(.keys) {
                all = try set.decode([Key].self, forKey: .keys)
            } else {
                all = [try Key(from: decoder)]
            }
        }
    }

    /// The members that these files have.
    struct Key: Codable {
        var kty: String
        var kid: String?
        var alg: String?
        var use: String?
        var operations: [String]?
        var n: String?
        var e: String?
        var crv: String?
        var x: String?
        var y: String?
        var k: String?

        private enum CodingKeys: String, CodingKey {
            case kty, kid, alg, use, n, e, crv, x, y, k
            case operations = "key_ops"
        }
    }

    private struct KeySet: Encodable {
        var keys: [Key]
    }

    var numberOfTests: Int
    var testGroups: [Group]

    static func read(_ name: String) throws -> Wycheproof {
        let folder = folder ?? URL(fileURLWithPath: "/")
        return try JSONDecoder().decode(
            Wycheproof.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func jwks(_ keys: [Key]) throws -> [UInt8] { Array(try JSONEncoder().encode(KeySet(keys: keys))) }
}
