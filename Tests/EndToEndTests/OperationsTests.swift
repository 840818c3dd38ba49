import Foundation
import NIOCore
import NIOHTTP1
import TestServers
import Testing

extension EndToEnd {
    @Suite("Operations", .serialized)
    struct OperationsTests {
        @Test("livez, readyz and metrics")
        func endpoints() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            #expect(try await HTTP.get("\(server.ops)/livez").text == "ok\n")
            let ready = try await HTTP.get("\(server.ops)/readyz")
            #expect(ready.status == 200)
            for check in ["start", "storage", "queue", "draining"] { #expect(ready.text.contains("[+]\(check) ok")) }
            #expect(try await HTTP.get("\(server.ops)/readyz?exclude=storage").text.contains("[+]storage excluded: ok"))
            #expect(try await HTTP.get("\(server.ops)/readyz?exclude=moon").status == 400)
            _ = try await HTTP.put(server.image("m.jpg"), try Pictures.jpeg())
            _ = try await HTTP.get(server.image("m.jpg"))
            let metrics = try await HTTP.get("\(server.ops)/metrics")
            #expect(metrics.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.text.contains(#"tintype_http_requests_total{route="upload",status="201"} 1"#))
            #expect(metrics.text.contains("tintype_http_request_duration_seconds_bucket"))
            #expect(metrics.text.contains("tintype_storage_requests_total"))
            #expect(metrics.text.contains("process_resident_memory_bytes"))
            #expect(try await HTTP.get(server.base + "/metrics").status == 404)
            let line = try #require(server.logText.split(separator: "\n").first { $0.contains("\"upload\"") })
            let entry = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(entry["http.status"] as? Int == 201)
            #expect((entry["request.id"] as? String)?.isEmpty == false)
        }

        @Test("Without credentials, writes are accepted only from this machine and this origin")
        func anonymousWrites() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            for header in [
                ("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("Via", "1.1 proxy"),
                ("Origin", "https://evil.example"), ("Origin", "null"),
            ] {
                let answer = try await HTTP.put(server.image("w.jpg"), jpeg, [header])
                #expect(answer.status == 403, "\(header)")
                #expect(try answer.object()["code"] as? String == "writes_not_allowed")
            }
            #expect(try await HTTP.put(server.image("w.jpg"), jpeg, [("Origin", server.base)]).status == 201)
            #expect(try await HTTP.get(server.image("w.jpg"), [("Via", "1.1 proxy")]).status == 200)
            let open = try await TintypeServer.start(
                store.environment.merging(["UNSAFE_ALLOW_ANONYMOUS_WRITES": "true"]) { $1 })
            #expect(try await HTTP.put(open.image("w.jpg"), jpeg, [("Via", "1.1 proxy")]).status == 200)
        }

        /// A page under a name that was pointed at loopback (DNS rebinding) can ask where a photo was taken without
        /// sending an Origin.
        @Test("Without credentials, data for writers is returned only if Host names this machine")
        func hosts() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            #expect(try await HTTP.put(server.image("a.jpg"), try Pictures.jpeg()).status == 201)
            func status(_ target: String, _ host: String) async throws -> Int? {
                let answer = try await RawHTTP.exchange(
                    port: server.port, "GET \(target) HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
                return answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            }
            let location = "/api/v1/metadata/a.jpg?include=location"
            for host in ["localhost", "localhost:\(server.port)", "LOCALHOST", "a.localhost", "127.0.0.1", "[::1]:1"] {
                #expect(try await status(location, "Host: \(host)\r\n") == 200, "\(host)")
            }
            for host in ["evil.example", "127.1", "0x7f.1", "localhost.", "localhost.evil.example", "[::]"] {
                #expect(try await status(location, "Host: \(host)\r\n") == 403, "\(host)")
                #expect(try await status("/api/v1/metadata/a.jpg", "Host: \(host)\r\n") == 200, "\(host)")
                #expect(try await status("/api/v1/images/a.jpg", "Host: \(host)\r\n") == 200, "\(host)")
            }
            let (evil, own) = ("http://evil.example", "http://localhost")
            #expect(try await status(evil + location, "Host: evil.example\r\n") == 403)
            #expect(try await status(evil + location, "Host: localhost\r\n") == 403)
            #expect(try await status(own + location, "Host: evil.example\r\n") == 403)
            #expect(try await status(own + location, "Host: localhost\r\n") == 200)
            #expect(try await status(location, "Host: localhost\r\nHost: localhost\r\n") == 400)
            #expect(try await status(location, "Host: user@localhost\r\n") == 400)
            #expect(try await status(location, "") == 400)
            #expect(server.logText.contains("writes are taken without credentials"))
        }

        @Test("Wrong settings stop the start with exit code 78 and one message that lists all of them")
        func wrongSettings() async throws {
            let start = try Command.run(
                ["serve"], ["PORT": "99999", "STORAGE_TYPE": "ftp", "MAX_UPLOAD_BYTES": "-1"])
            #expect(start.exitCode == 78)
            for name in ["PORT", "STORAGE_TYPE", "MAX_UPLOAD_BYTES", "99999", "ftp"] {
                #expect(start.errors.contains(name), "\(start.errors)")
            }
        }

        @Test("A folder that cannot be used stops the start with exit code 78 and a message that names the setting")
        func unusableFolder() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tintype-file-\(UUID())")
            try Data("a file".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let start = try Command.run(
                ["serve"],
                ["PORT": "0", "OPS_PORT": "0", "STORAGE_TYPE": "local", "LOCAL_STORAGE_PATH": file.path])
            #expect(start.exitCode == 78)
            #expect(start.errors.contains("LOCAL_STORAGE_PATH: \(file.path)"), "\(start.errors)")
        }

        @Test("A reader of the log that hangs does not stop the server")
        func stuckLog() async throws {
            let store = try await Backend.local.open()
            // Nobody reads this pipe. Its 64 KiB are full after some hundred lines.
            let pipe = Pipe()
            let (port, opsPort) = (FreePorts.take(), FreePorts.take())
            let process = Process()
            process.executableURL = try TintypeServer.binary()
            process.arguments = ["serve"]
            process.environment = store.environment.merging([
                "HOST": "127.0.0.1", "PORT": "\(port)", "OPS_PORT": "\(opsPort)", "DRAIN_SECONDS": "0",
            ]) { $1 }
            process.standardError = pipe
            try process.run()
            defer { kill(process.processIdentifier, SIGKILL) }
            let deadline = ContinuousClock.now + .seconds(30)
            while (try? await HTTP.get("http://127.0.0.1:\(opsPort)/readyz").status) != 200,
                ContinuousClock.now < deadline
            {
                try await Task.sleep(for: .milliseconds(20))
            }
            for _ in 0..<1500 {
                #expect(try await HTTP.get("http://127.0.0.1:\(port)/api/v1/images/none.jpg").status == 404)
            }
            kill(process.processIdentifier, SIGTERM)
            while process.isRunning, ContinuousClock.now < deadline + .seconds(30) {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!process.isRunning)
        }

        @Test("healthcheck agrees with readyz")
        func healthcheck() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            func check(port: Int) throws -> Int32 {
                try Command.run(["healthcheck"], ["OPS_PORT": String(port)]).exitCode
            }
            #expect(try check(port: server.opsPort) == 0)
            #expect(try check(port: 1) == 1)
        }

        @Test("SIGTERM: a slow reader still gets every byte, and then the process ends")
        func drain() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment.merging(["DRAIN_SECONDS": "2"]) { $1 })
            let bytes = try Pictures.jpeg(ofLength: 12_000_000)
            #expect(try await HTTP.put(server.image("slow.jpg"), bytes).status == 201)
            let received = try await RawHTTP.connect(port: server.port, receiveBuffer: 65_536) { inbound, outbound in
                var inbound = inbound
                try await outbound.write(ByteBuffer(string: "GET /api/v1/images/slow.jpg HTTP/1.1\r\nHost: x\r\n\r\n"))
                var answer = ByteBuffer()
                var isFirst = true
                while var chunk = try await inbound.next() {
                    answer.writeBuffer(&chunk)
                    if isFirst {
                        isFirst = false
                        server.signal(SIGTERM)
                        try await Task.sleep(for: .milliseconds(300))
                        // The server is not ready, but it still accepts requests and closes each connection after its
                        // response.
                        #expect(try await HTTP.get("\(server.ops)/readyz").status == 503)
                        let during = try await HTTP.get(server.image("slow.jpg"), [("Range", "bytes=0-3")])
                        #expect(during.status == 206)
                        #expect(during.header("Connection") == "close")
                        // Longer than DRAIN_SECONDS, and most of the bytes are still to come.
                        try await Task.sleep(for: .seconds(3))
                        await #expect(throws: (any Error).self) { try await HTTP.get(server.image("slow.jpg")) }
                        #expect(server.isRunning)
                        #expect(answer.readableBytes < bytes.count / 2)
                    }
                }
                return answer
            }
            let separator = Array("\r\n\r\n".utf8)
            let view = received.readableBytesView
            let head = try #require(view.indices.first { view[$0...].starts(with: separator) })
            #expect(Array(view[(head + 4)...]) == bytes)
            try await server.waitForExit(seconds: 30)
            #expect(server.exitCode == 0)
        }

        @Test("kill -9 in the middle of uploads leaves nothing incomplete")
        func killed() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            let bytes = try Pictures.jpeg(ofLength: 9_000_000)
            let acknowledged = await withTaskGroup(of: String?.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        for round in 0..<20 {
                            let path = "k/\(index)-\(round)"
                            guard let answer = try? await HTTP.put(server.image(path), bytes) else { return nil }
                            if answer.status == 201, round == 0, index == 0 { server.signal(SIGKILL) }
                            if answer.status == 201 { return path }
                        }
                        return nil
                    }
                }
                return await group.reduce(into: [String]()) { if let path = $1 { $0.append(path) } }
            }
            try await server.waitForExit(seconds: 10)
            let again = try await TintypeServer.start(store.environment)
            for path in acknowledged { #expect(try await HTTP.get(again.image(path)).bytes == bytes) }
            #expect(!acknowledged.isEmpty)
            let items = try #require(try await HTTP.get(again.collection()).object()["items"] as? [[String: Any]])
            #expect(items.count >= acknowledged.count)
            #expect(items.allSatisfy { $0["bytes"] as? Int == bytes.count })
        }
    }
}
