import CryptoExtras
import Foundation
import TestServers
import Testing
import TextCoding

extension EndToEnd {
    /// The attacks on tokens over HTTP: the settings, the header field, both ways through the server, and the status.
    /// AccessControlTests judges the verifier alone.
    @Suite("Attacks with tokens", .serialized)
    struct TokenAttackTests {
        private static let secret = String(repeating: "t", count: 32)

        /// A request with a credential that must not open `users/7/a.jpg`.
        private struct Attack {
            var name: String
            var token: String
            /// 401: the token is not valid. 403: it is, and does not permit this.
            var statuses: [Int] = [401]
        }

        private static func claims(_ more: String = "", sub: String = #""sub":"7","#, exp: Int64 = 600) -> String {
            let now = Int64(Date().timeIntervalSince1970)
            return #"{\#(sub)"iss":"issuer","aud":"tintype","exp":\#(now + exp)\#(more)}"#
        }

        private let issuer: TokenIssuer
        private let attacker: TokenIssuer

        init() throws {
            issuer = try TokenIssuer()
            attacker = try TokenIssuer()
        }

        private func good(_ more: String = "") throws -> String {
            try issuer.token(#"{"alg":"RS256","kid":"r"}"#, Self.claims(more), .rs256)
        }

        private func secretToken(_ claims: String, header: String = #"{"alg":"HS256"}"#) throws -> String {
            try issuer.token(header, claims, .hmac(Array(Self.secret.utf8)))
        }

        @Test("No forged, foreign, expired or malformed token opens an image, and the next good one does")
        func attacks() async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appendingPathComponent("jwks.json")
            try Data(issuer.jwks.utf8).write(to: file)
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(
                store.environment.merging([
                    "JWT_HMAC_SECRET": Self.secret, "JWT_JWKS_FILE": file.path, "JWT_ISSUER": "issuer",
                    "JWT_AUDIENCE": "tintype", "READ_ACCESS": "protected",
                    // Every attack has to reach the verifier.
                    "RATE_LIMITS": "failures=off",
                ]) { $1 })
            #expect(server.logText.contains("keys of a JWK set are passed over"))
            #expect(server.logText.contains("1 a secret (oct)"))
            let image = server.image("users/7/a.jpg")
            let jpeg = try Pictures.jpeg()
            #expect(try await HTTP.put(image, jpeg, Self.bearer(try good(#","scope":"write""#))).status == 201)
            let (rsa, hmac) = (try good(), try secretToken(Self.claims()))
            let attacks = try algorithms() + identifiers() + headers() + times() + parties() + forms() + rights()
            #expect(attacks.count > 100)
            for attack in attacks {
                // Twice: what is remembered of the first must not help the second.
                for _ in 0..<2 {
                    let answer = try await HTTP.get(image, Self.bearer(attack.token))
                    #expect(attack.statuses.contains(answer.status), "\(attack.name): \(answer.status)")
                    if answer.status == 401 {
                        #expect(answer.header("WWW-Authenticate") == #"Bearer error="invalid_token""#, "\(attack.name)")
                    }
                    #expect(attack.token.isEmpty || !answer.text.contains(attack.token.prefix(40)), "\(attack.name)")
                }
                for token in [rsa, hmac] {
                    #expect(try await HTTP.get(image, Self.bearer(token)).bytes == jpeg, "after \(attack.name)")
                }
            }
            for token in attacks.map(\.token) + [rsa, hmac] where token.utf8.count > 60 {
                #expect(!server.logText.contains(token.suffix(40)))
            }
        }

        @Test("A token is taken from Authorization and from nowhere else")
        func places() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(
                store.environment.merging([
                    "JWT_HMAC_SECRET": Self.secret, "READ_ACCESS": "protected", "RATE_LIMITS": "failures=off",
                ]) { $1 })
            let image = server.image("users/7/a.jpg")
            let token = try secretToken(Self.claims(#","scope":"read write""#))
            #expect(try await HTTP.put(image, try Pictures.jpeg(), Self.bearer(token)).status == 201)
            #expect(try await HTTP.get(image, [("Authorization", "bEaReR \(token)")]).status == 200)
            for name in ["access_token", "token", "jwt", "authorization", "Authorization", "bearer", "key", "api_key"] {
                #expect(try await HTTP.get(image + "?\(name)=\(token)").status == 401, "\(name)")
            }
            for fields in [
                [("Cookie", "token=\(token)")], [("X-API-Key", token)], [("Proxy-Authorization", "Bearer \(token)")],
                [("X-Authorization", "Bearer \(token)")], [("Authorization", token)],
                [("Authorization", "JWT \(token)")],
                [("Authorization", "Bearer \(token), Bearer \(token)")], [("Authorization", "Bearer  \(token)")],
                [("Authorization", "Bearer \(token)"), ("Authorization", "Bearer \(token)")],
                [("Authorization", "Bearer \(token)"), ("X-API-Key", "x")], [("Authorization", "Basic \(token)")],
                [("Authorization", "Bearer\t\(token)")], [("Authorization", "Bearer \"\(token)\"")],
            ] {
                #expect(try await HTTP.get(image, fields).status == 401, "\(fields.map(\.0))")
            }
            #expect(try await HTTP.get(image, Self.bearer(token)).status == 200)
        }

        private static func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }

        // MARK: The attacks

        private func algorithms() throws -> [Attack] {
            let names = [
                "none", "None", "NONE", "nOnE", "noNe", " none", "none ", "", "null", #"no\u0000ne"#, "hs256", "HS1",
                "RS1",
                "ES256K", "Ed448", "HS256,RS256",
            ]
            var attacks = try names.flatMap { name in
                try [[], [0], [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 256)].map { bytes in
                    Attack(
                        name: "alg \(name), \(bytes.count) bytes",
                        token: try issuer.token(#"{"alg":"\#(name)","kid":"r"}"#, Self.claims(), .bytes(bytes)))
                }
            }
            let subjectKeyInfo = issuer.rsa.publicKey.derRepresentation
            let pem = issuer.rsa.publicKey.pemRepresentation
            for (name, secret) in [
                ("modulus", issuer.modulus), ("DER", Array(subjectKeyInfo)), ("PEM", Array(pem.utf8)),
                ("PEM with a line feed", Array((pem + "\n").utf8)), ("JWK", Array(issuer.rsaJWK.utf8)),
                ("the set", Array(issuer.jwks.utf8)), ("nothing", []), ("kid", Array("r".utf8)),
                ("published secret", TokenIssuer.publishedSecret),
            ] {
                for header in [#"{"alg":"HS256","kid":"r"}"#, #"{"alg":"HS256"}"#] {
                    attacks.append(
                        Attack(
                            name: "\(name) as a secret, \(header)",
                            token: try issuer.token(header, Self.claims(), .hmac(secret))))
                }
            }
            // It comes before the good tokens: jwt-kit's own keys would keep its algorithm.
            attacks.insert(
                Attack(
                    name: "forged PS512",
                    token: try issuer.token(
                        #"{"alg":"PS512","kid":"r"}"#, Self.claims(), .bytes([UInt8](repeating: 1, count: 256)))), at: 0
            )
            for (header, signer) in [
                (#"{"alg":"PS512","kid":"r"}"#, TokenIssuer.Signer.rs256), (#"{"alg":"RS256","kid":"r"}"#, .ps512),
                (#"{"alg":"ES256","kid":"r"}"#, .rs256), (#"{"alg":"RS256","kid":"e"}"#, .rs256),
                (#"{"alg":"EdDSA","kid":"e"}"#, .edDSA),
                (#"{"alg":"ES256","kid":"e"}"#, .bytes([UInt8](repeating: 0, count: 64))),
                (#"{"alg":"EdDSA","kid":"o"}"#, .bytes([UInt8](repeating: 0, count: 64))),
            ] {
                attacks.append(
                    Attack(name: "\(header) by \(signer)", token: try issuer.token(header, Self.claims(), signer)))
            }
            for (header, signer) in [
                (#"{"alg":"RS256","kid":"r"}"#, TokenIssuer.Signer.rs256), (#"{"alg":"PS512","kid":"r"}"#, .ps512),
                (#"{"alg":"ES256","kid":"e"}"#, .es256), (#"{"alg":"EdDSA","kid":"o"}"#, .edDSA),
                (#"{"alg":"RS256"}"#, .rs256),
            ] {
                attacks.append(
                    Attack(name: "another key, \(header)", token: try attacker.token(header, Self.claims(), signer)))
            }
            return attacks
        }

        private func identifiers() throws -> [Attack] {
            try [
                "../../../../../../dev/null", "/dev/null", "file:///dev/null", "' UNION SELECT '' -- ", "r' OR '1'='1",
                "r; sleep 5", "$(id)", "r/../r", "R", "r ", "", "http://127.0.0.1:1/keys", "%2e%2e%2fdev%2fnull",
                #"\u0000"#, String(repeating: "k", count: 600),
            ].flatMap { id in
                try [[], Array("r".utf8)].map { secret in
                    Attack(
                        name: "kid \(id.prefix(30))",
                        token: try issuer.token(#"{"alg":"HS256","kid":"\#(id)"}"#, Self.claims(), .hmac(secret)))
                } + [
                    Attack(
                        name: "kid \(id.prefix(30)), RS256",
                        token: try issuer.token(#"{"alg":"RS256","kid":"\#(id)"}"#, Self.claims(), .rs256))
                ]
            }
        }

        private func headers() throws -> [Attack] {
            try [
                #""jwk":\#(attacker.rsaJWK)"#, #""jku":"http://127.0.0.1:1/jwks.json""#,
                #""x5u":"http://127.0.0.1:1/c.pem""#,
                #""x5c":["MIIB"]"#, #""crit":["exp"]"#, #""crit":[],"exp":5"#, #""b64":false,"crit":["b64"]"#,
                #""zip":"DEF""#,
                #""alg":"none""#, #""kid":"e""#, #""typ":"JWE""#, #""typ":5"#, #""\u006awk":{}"#,
            ].flatMap { member in
                let header = #"{"alg":"RS256","kid":"r",\#(member)}"#
                return try [issuer, attacker].map {
                    Attack(name: "header \(member.prefix(30))", token: try $0.token(header, Self.claims(), .rs256))
                }
            }
        }

        private func times() throws -> [Attack] {
            let now = Int64(Date().timeIntervalSince1970)
            func exp(_ text: String) -> String { #"{"sub":"7","iss":"issuer","aud":"tintype"\#(text)}"# }
            return try [
                ("expired beyond the leeway", Self.claims(exp: -31)),
                ("expired long ago", Self.claims(exp: -1_000_000)),
                ("nbf beyond the leeway", Self.claims(#","nbf":\#(now + 300)"#)), ("no exp", exp("")),
                ("exp 0", exp(#","exp":0"#)), ("exp as text", exp(#","exp":"\#(now + 600)""#)),
                ("exp null", exp(#","exp":null"#)),
                ("exp true", exp(#","exp":true"#)), ("exp without end", exp(#","exp":1e400"#)),
                ("exp negative", exp(#","exp":-1"#)),
                ("exp as a list", exp(#","exp":[\#(now + 600)]"#)),
                ("exp twice", exp(#","exp":1,"exp":\#(now + 600)"#)),
                ("exp too large", exp(#","exp":99999999999999999999999999"#)),
                ("nbf as text", Self.claims(#","nbf":"0""#)),
            ].map { Attack(name: $0.0, token: try secretToken($0.1)) }
        }

        private func parties() throws -> [Attack] {
            let end = #""exp":\#(Int64(Date().timeIntervalSince1970) + 600)"#
            return try [
                #"{"sub":"7","iss":"other","aud":"tintype",\#(end)}"#, #"{"sub":"7","aud":"tintype",\#(end)}"#,
                #"{"sub":"7","iss":["issuer"],"aud":"tintype",\#(end)}"#,
                #"{"sub":"7","iss":"issuer","aud":"other",\#(end)}"#,
                #"{"sub":"7","iss":"issuer",\#(end)}"#, #"{"sub":"7","iss":"issuer","aud":[],\#(end)}"#,
                #"{"sub":"7","iss":"issuer","aud":["other","Tintype"],\#(end)}"#,
                #"{"sub":"7","iss":"issuer","aud":{},\#(end)}"#,
                #"{"sub":"7","iss":"issuer","iss":"issuer","aud":"tintype",\#(end)}"#,
                #"{"sub":"7","iss":"issuer/","aud":"tintype",\#(end)}"#,
                #"{"sub":"8","sub":"7","iss":"issuer","aud":"tintype",\#(end)}"#,
                #"{"sub":"8","\u0073ub":"7","iss":"issuer","aud":"tintype",\#(end)}"#,
            ].map { Attack(name: $0, token: try secretToken($0)) }
        }

        private func forms() throws -> [Attack] {
            let good = try good()
            let parts = good.split(separator: ".").map(String.init)
            let huge = try secretToken(Self.claims(#","x":"\#(String(repeating: "y", count: 9_000))""#))
            let nested = String(repeating: "[", count: 3_000) + String(repeating: "]", count: 3_000)
            return [
                Attack(name: "two parts", token: parts[0] + "." + parts[1]), Attack(name: "one part", token: parts[1]),
                Attack(name: "no signature", token: parts[0] + "." + parts[1] + "."),
                Attack(name: "four parts", token: good + ".x"), Attack(name: "padding", token: good + "="),
                Attack(name: "JWE", token: "\(parts[0]).x.\(parts[1]).x.\(parts[2])"),
                Attack(name: "swapped", token: "\(parts[1]).\(parts[0]).\(parts[2])"),
                Attack(
                    name: "another payload",
                    token: "\(parts[0]).\(Base64URL.encode(Array(Self.claims(#","scope":"admin""#).utf8))).\(parts[2])"),
                Attack(name: "dots", token: ".."), Attack(name: "9 KB", token: huge, statuses: [401, 431]),
                Attack(name: "40 KB", token: String(repeating: "a", count: 40_000), statuses: [401, 431]),
                Attack(name: "nested header", token: try secretToken(Self.claims(), header: nested)),
                Attack(name: "nested claims", token: try secretToken(nested)),
                Attack(name: "header is a list", token: try secretToken(Self.claims(), header: #"[{"alg":"HS256"}]"#)),
                Attack(name: "claims are a list", token: try secretToken("[\(Self.claims())]")),
                Attack(name: "claims are text", token: try secretToken("x")),
                Attack(name: "text behind the claims", token: try secretToken(Self.claims() + "{}")),
            ]
        }

        /// Valid tokens that do not permit this, and prefixes and subjects that try to.
        private func rights() throws -> [Attack] {
            var attacks = try [
                #""users/7""#, #""/users/7/""#, #""users//7/""#, #""users/7/../8/""#, #""./users/7/""#, #""..""#,
                #""users/7/\u0000/""#,
                #""users\\7\\""#, "7", "null", "{}", #"["users/7/"]"#,
            ].map {
                Attack(
                    name: "prefixes \($0)", token: try secretToken(Self.claims(#","prefixes":[\#($0)]"#)),
                    statuses: [401, 403])
            }
            attacks += try [#""users/7/""#, #"{"0":"users/7/"}"#, "true"].map {
                Attack(name: "prefixes \($0)", token: try secretToken(Self.claims(#","prefixes":\#($0)"#)))
            }
            for (name, claims) in [
                ("no prefix", Self.claims(#","prefixes":[]"#)),
                ("another prefix", Self.claims(#","prefixes":["users/8/"]"#)),
                ("a prefix that begins so", Self.claims(#","prefixes":["users/7/a/"]"#)),
                ("another subject", Self.claims(sub: #""sub":"8","#)), ("no subject", Self.claims(sub: "")),
                ("no scope for this", Self.claims(#","scope":"write delete admin""#)),
                ("an empty scope", Self.claims(#","scope":"""#)),
                ("unknown scopes", Self.claims(#","scope":"READ reads *""#)),
            ] {
                attacks.append(Attack(name: name, token: try secretToken(claims), statuses: [403]))
            }
            attacks += try [
                "7/", "7/../7", "../users/7", "8/../7", "", ".", "..", "7\\u0000", "7\\n", "7\\\\", ".tintype", "{sub}",
                "%37", "7%2f",
            ].map {
                Attack(
                    name: "subject \($0)", token: try secretToken(Self.claims(sub: #""sub":"\#($0)","#)),
                    statuses: [401, 403])
            }
            attacks += try ["7", "null", "[]", #"["7"]"#].map {
                Attack(
                    name: "subject \($0)", token: try secretToken(Self.claims(sub: #""sub":\#($0),"#)),
                    statuses: [401, 403])
            }
            return attacks
        }
    }
}
