import Foundation
import TestServers
import Testing

extension EndToEnd {
    @Suite("Policies by prefix", .serialized)
    struct PolicyTests {
        private static let secret = String(repeating: "k", count: 40)
        private static let key = [("Authorization", "Bearer \(secret)")]

        private static let policies = """
            presets: {small: {w: 16, format: jpeg}}
            policies:
              closed/: {reads: protected, writers: ["key:shop"], cacheControl: "public, max-age=60"}
              frozen/: {writers: []}
              only/: {renditions: presets, types: [png], maxUploadBytes: 4000}
              tmp/: {lifetime: 3600, cacheControl: "max-age=86400"}
              tmp/kept/: {lifetime: 0}
            """

        /// A settings file in a folder of its own.
        private final class SettingsFile {
            let path: String

            init() throws {
                let folder = FileManager.default.temporaryDirectory.appendingPathComponent("policies-\(UUID())")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                path = folder.appendingPathComponent("tintype.yaml").path
            }

            deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

            func write(_ yaml: String) throws {
                try Data(yaml.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            }
        }

        private static func environment(_ store: LocalFolder) -> [String: String] {
            store.environment.merging(["API_KEYS": "shop:\(secret):read write delete"]) { $1 }
        }

        /// Waits until something is so, for as long as a reload may take and some more.
        private static func waitUntil(_ isSo: () async throws -> Bool) async throws -> Bool {
            let deadline = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < deadline {
                if try await isSo() { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }

        private static func plant(_ path: String, in store: LocalFolder, age: TimeInterval) throws {
            try store.plant(path, try Pictures.jpeg())
            try FileManager.default.setAttributes(
                [.modificationDate: Date() - age], ofItemAtPath: store.root.appendingPathComponent(path).path)
        }

        @Test("A protected folder, writers, presets, types, sizes and lifetimes")
        func rules() async throws {
            let (store, file) = (try LocalFolder(), try SettingsFile())
            try file.write(Self.policies)
            for (path, age) in [("tmp/old.jpg", 3_700.0), ("tmp/new.jpg", 60), ("tmp/kept/old.jpg", 3_700)] {
                try Self.plant(path, in: store, age: age)
            }
            let server = try await TintypeServer.start(
                Self.environment(store), arguments: ["--config", file.path])
            let jpeg = try Pictures.jpeg()
            for path in ["closed/a.jpg", "open/a.jpg"] {
                #expect(try await HTTP.put(server.image(path), jpeg, Self.key).status == 201)
            }
            for _ in 0..<4 {
                #expect(try await HTTP.get(server.image("closed/a.jpg")).status == 401)
                #expect(try await HTTP.get(server.base + "/api/v1/metadata/closed/a.jpg").status == 401)
                let read = try await HTTP.get(server.image("closed/a.jpg"), Self.key)
                #expect(read.status == 200 && read.header("cache-control") == "private, max-age=60")
                #expect(try await HTTP.get(server.image("open/a.jpg")).status == 200)
                #expect(try await HTTP.get(server.image("tmp/old.jpg")).status == 404)
                #expect(try await HTTP.get(server.image("tmp/old.jpg", "w=16")).status == 404)
                #expect(try await HTTP.get(server.image("tmp/kept/old.jpg")).status == 200)
                let new = try await HTTP.get(server.image("tmp/new.jpg"))
                let age = new.header("cache-control")?.firstMatch(of: /max-age=(\d+)/)?.1
                #expect(new.status == 200 && (1...3_540).contains(age.flatMap { Int($0) } ?? 0), "\(age ?? "")")
            }
            #expect(try await HTTP.put(server.image("frozen/a.jpg"), jpeg, Self.key).status == 403)
            #expect(try await HTTP.put(server.image("only/a.jpg"), jpeg, Self.key).status == 415)
            try await Self.expectPresetsOnly(server, store)
            #expect(server.logText.contains("a policy locks everybody out"))
            #expect(server.logText.contains(#""prefix":"frozen/""#))
        }

        private static func expectPresetsOnly(_ server: TintypeServer, _ store: LocalFolder) async throws {
            try store.plant("only/planted.jpg", try Pictures.jpeg())
            #expect(try await HTTP.get(server.image("only/planted.jpg", "w=16")).status == 403)
            #expect(try await HTTP.get(server.image("only/planted.jpg", "preset=small")).status == 200)
            #expect(try await HTTP.get(server.image("open/a.jpg", "w=16")).status == 200)
        }

        @Test("gc --expire removes what has outlived its lifetime, and nothing else")
        func expiry() async throws {
            let (store, file) = (try LocalFolder(), try SettingsFile())
            try file.write(Self.policies)
            for (path, age) in [
                ("tmp/old.jpg", 3_700.0), ("tmp/a/old.jpg", 99_999), ("tmp/new.jpg", 60), ("tmp/kept/old.jpg", 3_700),
                ("open/old.jpg", 99_999),
            ] { try Self.plant(path, in: store, age: age) }
            func gc(_ arguments: String...) throws -> Command {
                try Command.run(["gc", "--config", file.path] + arguments, Self.environment(store))
            }
            let before = Set(try store.leftovers())
            #expect(try !gc().output.contains("expired"))
            let counted = try gc("--expire", "--dry-run")
            #expect(counted.exitCode == 0, "\(counted.errors)")
            #expect(counted.output.contains(", 2 of them expired"), "\(counted.output)")
            #expect(Set(try store.leftovers()).isSuperset(of: before))
            #expect(try gc("--expire").output.contains(", 2 of them expired"))
            let after = Set(try store.leftovers())
            for path in ["tmp/old.jpg", "tmp/a/old.jpg"] { #expect(!after.contains(path)) }
            for path in ["tmp/new.jpg", "tmp/kept/old.jpg", "open/old.jpg"] { #expect(after.contains(path), "\(path)") }
            #expect(try gc("--expire").output.contains(", 0 of them expired"))
        }

        @Test("Policies change without a restart, and a wrong file keeps the last good ones")
        func reload() async throws {
            let (store, file) = (try LocalFolder(), try SettingsFile())
            try file.write("logLevel: info\n")
            let server = try await TintypeServer.start(
                Self.environment(store), arguments: ["--config", file.path])
            let image = server.image("closed/a.jpg")
            #expect(try await HTTP.put(image, try Pictures.jpeg(), Self.key).status == 201)
            func status() async throws -> Int { try await HTTP.get(image).status }
            for _ in 0..<3 { #expect(try await status() == 200) }
            try file.write("logLevel: info\npolicies: {closed/: {reads: protected}}\n")
            #expect(try await Self.waitUntil { try await status() == 401 })

            try file.write("logLevel: info\npolicies: {closed: {reads: public}}\n")
            #expect(try await Self.waitUntil { server.logText.contains("the policies cannot be reloaded") })
            #expect(try await status() == 401)
            #expect(server.logText.contains("a folder that ends with a slash"))

            try file.write("logLevel: debug\npolicies: {closed/: {reads: public, cacheControl: max-age=7}}\n")
            #expect(
                try await Self.waitUntil {
                    try await HTTP.get(image).header("cache-control") == "max-age=7"
                })
            #expect(
                try await Self.waitUntil {
                    server.logText.contains("has changed in more than the policies")
                        && server.logText.contains(#""keys":"logLevel""#)
                })
            let metrics = try await HTTP.get("\(server.ops)/metrics").text
            for (result, count) in [("ok", 2), ("error", 1)] {
                let lines = metrics.split(separator: "\n").filter {
                    $0.hasPrefix("tintype_key_reloads_total{") && $0.contains(#"setting="policies""#)
                        && $0.contains("result=\"\(result)\"")
                }
                #expect(lines.count == 1 && lines[0].hasSuffix(" \(count)"), "\(lines)")
            }
        }

        @Test("notBefore revokes the signed URLs of a folder, and neither new ones nor those of others")
        func revocation() async throws {
            let (store, file) = (try LocalFolder(), try SettingsFile())
            try file.write("readAccess: protected\n")
            for path in ["a/p.jpg", "b/p.jpg"] { try store.plant(path, try Pictures.jpeg()) }
            let environment = Self.environment(store).merging([
                "URL_SIGNING_KEYS": "k1:\(String(repeating: "s", count: 32))"
            ]) { $1 }
            let server = try await TintypeServer.start(environment, arguments: ["--config", file.path])
            func sign(_ path: String) throws -> String {
                let signed = try Command.run(["sign", path, "--config", file.path], environment)
                #expect(signed.exitCode == 0, "\(signed.errors)")
                return server.base + signed.output.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            func status(_ url: String) async throws -> Int { try await HTTP.get(url).status }
            let (a, b) = (try sign("a/p.jpg"), try sign("b/p.jpg"))
            for _ in 0..<3 {
                #expect(try await status(a) == 200)
                #expect(try await status(b) == 200)
            }
            let moment = ISO8601DateFormatter().string(from: Date() + 1)
            try file.write("readAccess: protected\npolicies: {a/: {notBefore: \(moment)}}\n")
            #expect(try await Self.waitUntil { try await status(a) == 403 })
            #expect(try await status(b) == 200)
            #expect(try await status(try sign("a/p.jpg")) == 200)
            let made = try await HTTP.post(
                server.base + "/api/v1/signed-urls", json: #"{"path":"a/p.jpg","expiresIn":60}"#, Self.key)
            let url = try #require(try made.object()["url"] as? String)
            #expect(try await status(server.base + url) == 200)
        }

        @Test("A wrong policy stops the start, and the command explains a path")
        func explained() throws {
            let (store, file) = (try LocalFolder(), try SettingsFile())
            try file.write("policies: {a/: {reads: private}, b: {}}\n")
            let wrong = try Command.run(["serve", "--config", file.path], Self.environment(store))
            #expect(wrong.exitCode == 78)
            #expect(
                wrong.errors.contains(#"policies, "a/", reads in the file is "private": expected public or protected"#))
            #expect(wrong.errors.contains(#"is "b": expected a folder that ends with a slash"#))

            try file.write(Self.policies)
            func explain(_ arguments: String...) throws -> Command {
                try Command.run(["config", "--config", file.path] + arguments, Self.environment(store))
            }
            #expect(try explain().output.contains("policy \"closed/\"\n    reads: protected\n    writers: key:shop\n"))
            let shop = try explain("--path", "closed/7/a.jpg", "--as", "key:shop")
            #expect(shop.exitCode == 0, "\(shop.errors)")
            #expect(shop.output.contains(#"  reads: protected  (policy "closed/")"#), "\(shop.output)")
            #expect(shop.output.contains("maxPixels: 120000000  (MAX_IMAGE_PIXELS)"))
            #expect(shop.output.contains("may     upload or rotate it"))
            let anonymous = try explain("--path", "closed/7/a.jpg")
            #expect(anonymous.output.contains("may not read the image and its metadata  (401: "), "\(anonymous.output)")
            let frozen = try explain("--path", "frozen/a.jpg", "--as", "key:shop")
            #expect(frozen.output.contains("may not upload or rotate it  (403: The policy of \"frozen/\""))
            #expect(!(shop.output + anonymous.output + frozen.output).contains(Self.secret))
            for bad in [
                ["--path", "../a"], ["--as", "key:shop"], ["--path", "a", "--as", "key:none"],
                ["--path", "a", "--as", "subject:7"],
            ] {
                #expect(
                    try Command.run(["config", "--config", file.path] + bad, Self.environment(store)).exitCode != 0)
            }
        }
    }
}
