import Foundation
import Testing

extension EndToEnd {
    /// Sends keys, tokens and signatures in every place of a request, right and wrong ones, on every route, and reads
    /// all that the program puts out: answers, log, metrics.
    @Suite("No secret comes out again", .serialized)
    struct SecretTests {
        private static let key = "good-" + String(repeating: "5e1f", count: 10)
        private static let signingSecret = "sign-" + String(repeating: "c0de", count: 10)
        private static let tokenSecret = "mac-" + String(repeating: "ba5e", count: 10)
        private static let shop = "https://shop.example"

        private static let targets: [(method: String, target: String)] = [
            ("GET", "images/a/p.jpg"), ("HEAD", "images/a/p.jpg"), ("GET", "images/a/p.jpg?w=16"),
            ("GET", "images/a/none.jpg"), ("GET", "images/b/p.jpg"), ("PUT", "images/a/q.jpg"),
            ("PUT", "images/b/q.jpg"),
            ("DELETE", "images/a/none.jpg"), ("POST", "images/a/p.jpg/rotate?degrees=90"), ("GET", "metadata/a/p.jpg"),
            ("GET", "metadata/a/p.jpg?include=location"), ("GET", "images?prefix=a/"), ("POST", "images"),
            ("POST", "signed-urls"), ("GET", "access"), ("GET", "status"), ("OPTIONS", "images/a/p.jpg"),
            ("PATCH", "images/a/p.jpg"), ("GET", "other"), ("GET", "images/a//b"),
        ]

        /// A place of a request, with a secret in it.
        private struct Place: Sendable {
            var fields: @Sendable (String) -> [String] = { _ in [] }
            var query: @Sendable (String) -> String = { _ in "" }
            var body: @Sendable (String) -> String = { _ in "" }

            static func field(_ name: String, _ value: @escaping @Sendable (String) -> String) -> Place {
                Place(fields: { ["\(name): \(value($0))"] })
            }

            static func parameter(_ name: String) -> Place { Place(query: { "\(name)=\($0)" }) }
        }

        private static let places = fieldsAndBodies + parameters

        private static let fieldsAndBodies: [Place] = [
            .field("Authorization") { "Bearer \($0)" }, .field("Authorization") { $0 },
            .field("Authorization") { "Basic \($0)" }, .field("X-API-Key") { $0 },
            Place(fields: { ["Authorization: Bearer \($0)", "X-API-Key: \($0)"] }),
            .field("Cookie") { "session=\($0)" }, .field("Referer") { "https://a.example/?sig=\($0)" },
            .field("Origin") { "https://\($0).example" }, .field("User-Agent") { $0 },
            .field("If-Match") { "\"\($0)\"" },
            .field("If-None-Match") { "\"\($0)\"" }, .field("Range") { $0 }, .field("Accept") { $0 },
            .field("Content-Type") { "multipart/form-data; boundary=\($0)" }, .field("X-Forwarded-For") { $0 },
            .field("X-Request-Id") { $0 }, .field("Expect") { $0 }, .field("Via") { "1.1 \($0)" },
            Place(fields: { ["Authorization: Bearer \($0)", "Origin: \(shop)"] }),
            Place(body: { #"{"path": 1, "token": "\#($0)"}"# }), Place(body: { "token=\($0)" }),
            Place(body: { #"{"path":"a/p.jpg","query":"sig=\#($0)","expiresIn":60}"# }),
        ]

        private static let parameters: [Place] =
            [
                "sig", "token", "access_token", "api_key", "w", "v", "format", "preset", "cursor", "include", "limit",
                "degrees", "gravity", "bg", "exp",
                "exp=1&iat=1&kid=x&sig",
            ].map(Place.parameter)

        /// Twice, because the second may be a hit from memory; then one that ends the connection.
        private static func exchange(_ server: TintypeServer, _ head: String, _ body: String = "") async throws
            -> String
        {
            let request = head + "Host: localhost\r\n"
            let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
            let whole = "\(request)\(length)\r\n\(body)"
            let last = "\(request)\(length)Connection: close\r\n\r\n\(body)"
            return try await RawHTTP.exchange(port: server.port, whole + last)
        }

        @Test("Keys, tokens and signatures", arguments: ["protected", "public"])
        func secrets(_ access: String) async throws {
            let store = try await Backend.local.open()
            let environment = store.environment.merging([
                "API_KEYS": "shop:\(Self.key):read write delete:a/", "URL_SIGNING_KEYS": "k1:\(Self.signingSecret)",
                "JWT_HMAC_SECRET": Self.tokenSecret, "READ_ACCESS": access, "CORS_ORIGINS": Self.shop,
            ]) { $1 }
            let server = try await TintypeServer.start(environment)
            let image = server.image("a/p.jpg")
            #expect(try await HTTP.put(image, Pictures.jpeg(), [("X-API-Key", Self.key)]).status == 201)
            let made = try Command.run(["token", "--subject", "7", "--prefixes", "a/"], environment)
            let token = String(made.output.split(separator: "\n").first ?? "")
            let parts = token.split(separator: ".").map(String.init)
            try #require(parts.count == 3)
            let signed = try Command.run(["sign", "a/p.jpg"], environment)
            let url = String(signed.output.split(separator: "\n").first ?? "")
            let signature = String(try #require(url.firstMatch(of: /sig=([^&]+)/)?.1))
            #expect(try await HTTP.get(server.base + url).status == 200)
            let forged = "forged" + String(parts[2].dropFirst(6))
            let wrong = "wrong-" + String(repeating: "d00d", count: 10)
            let sent = [Self.key, token, "\(parts[0]).\(parts[1]).\(forged)", signature, wrong]
            let needles = [
                Self.key, parts[1], parts[2], forged, signature, wrong, Self.signingSecret, Self.tokenSecret,
            ]

            for (method, target) in Self.targets {
                let mark = target.contains("?") ? "&" : "?"
                for place in Self.places {
                    for secret in access == "public" ? [sent[0], wrong] : sent {
                        let query = place.query(secret)
                        let line = "\(method) /api/v1/\(target)\(query.isEmpty ? "" : mark + query) HTTP/1.1\r\n"
                        let fields = place.fields(secret).map { $0 + "\r\n" }.joined()
                        let answer = try await Self.exchange(server, line + fields, place.body(secret))
                        #expect(answer.hasPrefix("HTTP/1.1 "), "\(line)")
                        for needle in needles where answer.contains(needle) {
                            Issue.record("\(line)\(fields) is answered with the secret: \(answer)")
                        }
                    }
                }
            }
            // What is no request, or one in another form.
            for secret in sent {
                for text in [
                    "GET http://user:\(secret)@localhost/api/v1/images/a/p.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET /api/v1/images/a b?token=\(secret) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                    "GET /api/v1/access HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer \(secret)\r\n\r\n",
                    "GET /api/v1/access HTTP/1.1\r\nAuthorization: Bearer \(secret)\r\n\r\n",
                    "GET /api/v1/access#\(secret) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                    "\(secret)\r\n\r\n",
                ] {
                    let answer = try await RawHTTP.exchange(port: server.port, text)
                    for needle in needles where answer.contains(needle) { Issue.record("\(text): \(answer)") }
                }
            }
            #expect(try await HTTP.get(image + "?last-request", [("X-API-Key", Self.key)]).status == 200)
            let outputs = [
                server.logText, try await HTTP.get("\(server.ops)/metrics").text,
                try await HTTP.get("\(server.ops)/readyz").text,
            ]
            for output in outputs {
                for needle in needles where output.contains(needle) {
                    let line = output.split(separator: "\n").first { $0.contains(needle) } ?? ""
                    Issue.record("the secret is in: \(line)")
                }
            }
            // The search finds what is there.
            #expect(outputs[0].contains("key:shop") && outputs[0].contains("tintype.audit"))
            #expect(outputs[0].contains("/api/v1/images/a/none.jpg") && !outputs[0].contains("last-request"))
        }
    }
}
