import Foundation
import TestServers
import Testing

extension EndToEnd {
    @Suite("Access with credentials", .serialized)
    struct AccessTests {
        private static let signingSecret = String(repeating: "s", count: 32)
        private static let tokenSecret = String(repeating: "t", count: 32)

        /// A key made by the command, as its owner and the server see it.
        private static func makeKey(_ name: String, _ arguments: [String]) throws -> (secret: String, entry: String) {
            let made = try Command.run(["key", name] + arguments, [:])
            #expect(made.exitCode == 0)
            let secret = try #require(made.output.firstMatch(of: /secret: (\S+)/)?.1)
            let entry = try #require(made.output.firstMatch(of: /entry: +(.+)/)?.1)
            #expect(!entry.contains(secret))
            return (String(secret), String(entry))
        }

        private static func bearer(_ text: String) -> [(String, String)] { [("Authorization", "Bearer \(text)")] }

        @Test("A key writes and reads, and nobody else does; the log names the key and never shows it")
        func keys() async throws {
            let store = try await Backend.local.open()
            let (secret, entry) = try Self.makeKey("shop", ["--scopes", "read write", "--prefixes", "shop/"])
            let server = try await TintypeServer.start(
                store.environment.merging(["API_KEYS": entry, "READ_ACCESS": "protected", "HOST": "0.0.0.0"]) { $1 })
            let jpeg = try Pictures.jpeg()
            let image = server.image("shop/a.jpg")
            #expect(try await HTTP.put(image, jpeg).status == 401)
            #expect(try await HTTP.put(server.image("other.jpg"), jpeg, Self.bearer(secret)).status == 403)
            #expect(try await HTTP.put(image, jpeg, Self.bearer(secret)).status == 201)
            #expect(try await HTTP.put(image, jpeg, [("X-API-Key", secret)]).status == 200)
            for _ in 0..<3 {
                #expect(try await HTTP.get(image).status == 401)
                #expect(try await HTTP.get(image, Self.bearer(secret)).bytes == jpeg)
                #expect(try await HTTP.get(image + "?w=16", Self.bearer(secret)).status == 200)
                #expect(try await HTTP.get(image, Self.bearer(secret + "x")).status == 401)
            }
            #expect(server.logText.contains(#""access.identity":"key:shop""#))
            #expect(!server.logText.contains(secret) && !server.logText.contains("sha256="))
        }

        @Test("A file of keys is read anew within two seconds, and a wrong one keeps the last good keys")
        func reload() async throws {
            let store = try await Backend.local.open()
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            // As Kubernetes does it: the file is a link into a folder that is a link, which is swapped.
            let file = folder.appendingPathComponent("keys").path
            func swap(_ text: String) throws {
                let version = folder.appendingPathComponent("version-\(UUID())")
                try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: version.appendingPathComponent("keys"))
                let link = folder.appendingPathComponent("link-\(UUID())").path
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: version.path)
                guard rename(link, folder.appendingPathComponent("data").path) == 0 else { throw POSIXError(.EIO) }
            }
            let (old, new) = (try Self.makeKey("old", []), try Self.makeKey("new", []))
            try swap(old.entry)
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "data/keys")
            let server = try await TintypeServer.start(
                store.environment.merging(["API_KEYS_FILE": file, "READ_ACCESS": "protected"]) { $1 })
            let access = server.base + "/api/v1/access"
            func status(_ secret: String) async throws -> Int { try await HTTP.get(access, Self.bearer(secret)).status }
            #expect(try await status(old.secret) == 200)
            #expect(try await status(new.secret) == 401)

            try swap("nonsense")
            try await Task.sleep(for: .seconds(2))
            #expect(try await status(old.secret) == 200)
            #expect(server.logText.contains("keys cannot be reloaded"))
            #expect(!server.logText.contains("nonsense"))

            try swap(new.entry)
            try await Task.sleep(for: .seconds(2))
            #expect(try await status(old.secret) == 401)
            #expect(try await status(new.secret) == 200)
            let metrics = try await HTTP.get("\(server.ops)/metrics").text
            for result in ["ok", "error"] {
                #expect(
                    metrics.contains(#"tintype_key_reloads_total{result="\#(result)",setting="API_KEYS_FILE"} 1"#)
                        || metrics.contains(
                            #"tintype_key_reloads_total{setting="API_KEYS_FILE",result="\#(result)"} 1"#)
                )
            }
        }

        @Test("Signed URLs of the server, of the command and of other languages open an image")
        func signedURLs() async throws {
            let store = try await Backend.local.open()
            let (secret, entry) = try Self.makeKey("shop", ["--scopes", "read write"])
            let environment = store.environment.merging([
                "API_KEYS": entry, "READ_ACCESS": "protected", "URL_SIGNING_KEYS": "k1:\(Self.signingSecret)",
            ]) { $1 }
            let server = try await TintypeServer.start(environment)
            let path = "holiday/a photo + more.jpg"
            let jpeg = try Pictures.jpeg()
            #expect(try await HTTP.put(server.image(path), jpeg, Self.bearer(secret)).status == 201)

            let made = try await HTTP.post(
                server.base + "/api/v1/signed-urls", json: #"{"path":"\#(path)","query":"w=16","expiresIn":60}"#,
                Self.bearer(secret))
            let url = try #require(try made.object()["url"] as? String)
            #expect(try await HTTP.get(server.base + url).status == 200)
            #expect(try await HTTP.get(server.base + url + "&w=17").status == 403)

            let signed = try Command.run(["sign", path, "--query", "w=16"], environment)
            #expect(signed.exitCode == 0, "\(signed.errors)")
            let line = signed.output.split(separator: "\n").first.map(String.init) ?? ""
            #expect(try await HTTP.get(server.base + line).status == 200)
            #expect(try Command.run(["sign", "../x"], environment).exitCode != 0)
            // As the API rejects them: no browser would send these bytes as they are.
            for query in ["w=1#x", "w=1 2", "caf\u{e9}", "sig=1", "%65xp=1", String(repeating: "a", count: 1_025)] {
                let rejected = try Command.run(["sign", path, "--query", query], environment)
                #expect(rejected.exitCode == 64 && rejected.output.isEmpty, "\(query.prefix(20))")
            }

            let now = Int(Date().timeIntervalSince1970)
            for (program, file) in [
                (["python3"], "sign.py"), (["node"], "sign.mjs"), (["php"], "sign.php"), (["ruby"], "sign.rb"),
                (["go", "run"], "sign.go"),
            ] {
                let query = try Self.run(
                    program + [Self.snippets + "/" + file, path, "w=16", "60", "k1", Self.signingSecret, "\(now)"])
                // Only Python is on every machine that runs these tests.
                guard let query else {
                    #expect(program != ["python3"])
                    continue
                }
                #expect(try await HTTP.get(server.image(path, query)).status == 200, "\(file): \(query)")
            }
            // The query of a signed URL is in no line.
            #expect(!server.logText.contains("sig=") && !server.logText.contains(Self.signingSecret))
        }

        private static let snippets = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("SigningSnippets").path

        /// The first line of the output; nil if the program is not installed.
        private static func run(_ command: [String]) throws -> String? {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = command
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            // env(1): 127 if the program was not found.
            guard process.terminationStatus != 127 else { return nil }
            #expect(process.terminationStatus == 0, "\(command[0])")
            return text.split(separator: "\n").first.map(String.init)
        }

        @Test("A token opens the folder of its subject")
        func tokens() async throws {
            let store = try await Backend.local.open()
            let environment = store.environment.merging([
                "JWT_HMAC_SECRET": Self.tokenSecret, "JWT_ISSUER": "test", "READ_ACCESS": "protected",
            ]) { $1 }
            let server = try await TintypeServer.start(environment)
            func token(_ arguments: [String], _ changes: [String: String] = [:]) throws -> String {
                let made = try Command.run(["token"] + arguments, environment.merging(changes) { $1 })
                #expect(made.exitCode == 0, "\(made.errors)")
                return String(made.output.split(separator: "\n").first ?? "")
            }
            let jpeg = try Pictures.jpeg()
            let seven = try token(["--subject", "7", "--scopes", "read write"])
            #expect(try await HTTP.put(server.image("users/7/a.jpg"), jpeg, Self.bearer(seven)).status == 201)
            for path in ["users/8/a.jpg", "users/70/a.jpg", "a.jpg"] {
                #expect(try await HTTP.put(server.image(path), jpeg, Self.bearer(seven)).status == 403, "\(path)")
            }
            for _ in 0..<3 {
                #expect(try await HTTP.get(server.image("users/7/a.jpg"), Self.bearer(seven)).bytes == jpeg)
            }
            for (arguments, status) in [
                (["--subject", "8"], 403), (["--subject", "7"], 200), (["--subject", "7/../7"], 403), ([], 403),
                (["--subject", "8", "--prefixes", "users/7/"], 200),
                (["--subject", "7", "--prefixes", "users/7"], 401),
                (["--subject", "7", "--expires-in=-60"], 401), (["--subject", "7", "--scopes", "write"], 403),
            ] {
                let answer = try await HTTP.get(server.image("users/7/a.jpg"), Self.bearer(try token(arguments)))
                #expect(answer.status == status, "\(arguments)")
            }
            let foreign = try token(["--subject", "7"], ["JWT_ISSUER": "other"])
            #expect(try await HTTP.get(server.image("users/7/a.jpg"), Self.bearer(foreign)).status == 401)
            let forged = try token(["--subject", "7"], ["JWT_HMAC_SECRET": String(repeating: "u", count: 32)])
            #expect(try await HTTP.get(server.image("users/7/a.jpg"), Self.bearer(forged)).status == 401)
            #expect(!server.logText.contains(seven))
        }
    }
}
