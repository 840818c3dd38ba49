import Foundation
import NIOCore
import NIOPosix
import Testing

extension EndToEnd {
    /// There were as many idle connections as the process may have descriptors. A core was busy all the time, the ops
    /// listener did not respond, and files could not be read.
    @Suite("Limits on connections", .serialized)
    struct ConnectionLimitTests {
        /// Connections that do nothing.
        private final class Crowd: Sendable {
            let channels: [any Channel]

            init(_ count: Int, port: Int) async throws {
                var channels: [any Channel] = []
                for _ in 0..<count {
                    // The kernel accepts connections that the server has not accepted.
                    channels.append(
                        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                            .connect(host: "127.0.0.1", port: port).get())
                }
                self.channels = channels
            }

            func leave() async throws {
                for channel in channels { try await channel.close().get() }
            }
        }

        private func openFiles(_ server: TintypeServer) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.pid)/fd").count
        }

        /// The processor time that the process has used, in ticks.
        private func ticks(_ server: TintypeServer) throws -> Int {
            let text = try String(contentsOfFile: "/proc/\(server.pid)/stat", encoding: .utf8)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
        }

        @Test("Idle connections leave descriptors for readiness, files and connected clients", arguments: [128, 256])
        func idleConnections(limit: Int) async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment, openFiles: limit)
            let jpeg = try Pictures.jpeg()
            #expect(try await HTTP.put(server.image("a.jpg"), jpeg).status == 201)
            #expect(server.logText.contains("the limit on open files allows fewer connections"))
            try await RawHTTP.connect(port: server.port) { inbound, outbound in
                var inbound = inbound
                let crowd = try await Crowd(limit + 50, port: server.port)
                for _ in 0..<5 {
                    #expect(try await HTTP.get("\(server.ops)/livez").status == 200)
                    #expect(try await HTTP.get("\(server.ops)/readyz").status == 200)
                }
                #expect(try openFiles(server) < limit)
                // A connected client is served, from files too.
                let head = "HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"
                for number in 0..<5 {
                    try await outbound.write(
                        ByteBuffer(
                            string: "PUT /api/v1/images/b\(number).jpg \(head)Content-Length: \(jpeg.count)\r\n\r\n"))
                    try await outbound.write(ByteBuffer(bytes: jpeg))
                    #expect(try await answer(&inbound).hasPrefix("HTTP/1.1 201"))
                    try await outbound.write(ByteBuffer(string: "HEAD /api/v1/images/b\(number).jpg \(head)\r\n"))
                    #expect(try await answer(&inbound).hasPrefix("HTTP/1.1 200"))
                    try await outbound.write(ByteBuffer(string: "GET /api/v1/images?limit=10 \(head)\r\n"))
                    #expect(try await answer(&inbound).hasPrefix("HTTP/1.1 200"))
                }
                let before = try ticks(server)
                let began = ContinuousClock.now
                _ = try await HTTP.get("\(server.ops)/readyz")
                try await Task.sleep(for: .seconds(1))
                let hundredths = Int((ContinuousClock.now - began) / .milliseconds(10))
                #expect(try ticks(server) - before < hundredths / 2, "a core is busy all the time")
                #expect(!server.logText.contains("connections cannot be accepted"))
                try await crowd.leave()
            }
            // Other connections take the places of those that leave.
            #expect(try await HTTP.get(server.image("b4.jpg")).status == 200)
        }

        /// One response: the bytes until its end. All responses are small.
        private func answer(
            _ inbound: inout NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        ) async throws -> String {
            var text = ""
            while !text.contains("\r\n\r\n"), let bytes = try await inbound.next() { text += String(buffer: bytes) }
            return text
        }
    }
}
