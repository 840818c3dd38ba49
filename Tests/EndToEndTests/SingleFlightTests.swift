import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

extension EndToEnd {
    @Suite("One cold rendition, three replicas, 1,000 clients", .serialized)
    struct SingleFlightTests {
        private static let clients = 1000

        @Test("Rendered at most once by each replica, and only once with a lease", arguments: [(0, 3), (10, 1)])
        func renders(leaseSeconds: Int, atMost limit: Int) async throws {
            let bucket = try await SeaweedBucket()
            let settings = bucket.environment.merging([
                "RENDITION_STORE": "true", "RENDITION_LEASE_SECONDS": "\(leaseSeconds)",
            ]) { $1 }
            var servers: [TintypeServer] = []
            for _ in 0..<3 { servers.append(try await TintypeServer.start(settings)) }
            let replicas = servers
            // Large enough that all clients request it while it is being made.
            let photo = try Pictures.noise(width: 3000, height: 2000)
            #expect(try await HTTP.put(replicas[0].image("cold.jpg"), photo).status == 201)
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: {
                    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
                    // One connection for each client, so that none waits for the response to another.
                    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.clients
                    return configuration
                }())
            do {
                let answers = try await withThrowingTaskGroup(of: HTTP.Answer.self) { group in
                    for number in 0..<Self.clients {
                        let url = replicas[number % replicas.count].image("cold.jpg", "w=700&format=jpeg")
                        group.addTask {
                            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
                            return HTTP.Answer(
                                status: Int(response.status.code), headers: response.headers,
                                body: try await response.body.collect(upTo: 1 << 24))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count == Self.clients)
                #expect(answers.allSatisfy { $0.status == 200 }, "\(Set(answers.map(\.status)))")
                #expect(Set(answers.map(\.body)).count == 1)
                #expect(Set(answers.map { $0.header("ETag") }).count == 1)
            } catch {
                try await client.shutdown()
                throw error
            }
            try await client.shutdown()
            var rendered = 0
            for replica in replicas { rendered += try await replica.counter("tintype_renditions_rendered_total") }
            #expect((1...limit).contains(rendered), "rendered \(rendered) times")
        }
    }
}

extension TintypeServer {
    /// A counter of /metrics, summed over all labels; 0 if nothing was counted.
    fileprivate func counter(_ name: String) async throws -> Int {
        let text = try await HTTP.get("\(ops)/metrics").text
        let samples = text.split(separator: "\n").filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
        return samples.reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "0").map { Int($0) } ?? 0) }
    }
}
