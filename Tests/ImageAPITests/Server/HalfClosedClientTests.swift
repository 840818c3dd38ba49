import HTTPServer
import HTTPTypes
import TestListener
import Testing

@testable import ImageAPI

/// Responses to clients that close their sending side after the request.
@Suite struct HalfClosedClientTests {
    /// Whether the service announces codec work, with and without a rendition to make.
    @Test func onlyAMissingRenditionAnnouncesCodecWork() async throws {
        let service = try await FastPathFixture.makeService()
        let demands = Notes<String>()
        for (target, expected) in [
            ("p.jpg?w=16", 1), ("p.jpg?w=16", 1), ("p.jpg", 1), ("p.jpg?w=17", 2), ("missing.jpg?w=16", 2),
        ] {
            let context = APIContext(
                source: ServerRequestSource(
                    requestID: "1", remoteAddress: nil,
                    announceCostlyWork: { demands.add(target) }))
            let configuration = try FastPathFixture.makeConfiguration()
            let responder = ImageResponder(
                service: service, configuration: configuration, policy: KeylessPolicy(configuration),
                status: { .idle })
            let request = Request(
                head: .init(method: .get, scheme: "http", authority: "h", path: "/api/v1/images/\(target)"))
            _ = try await responder.respond(to: request, context: context)
            #expect(demands.all.count == expected, "\(target)")
        }
    }

    /// The fast path and the normal path behave in the same way.
    @Test(arguments: [true, false]) func responsesWithoutCodecWorkReachAHalfClosedClient(hasFastPath: Bool) async throws
    {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: hasFastPath) { fixture in
            for _ in 0..<2 {
                for target in ["p.jpg", "missing.jpg", "huge.jpg", "p.jpg?w=0"] {
                    let client = try await fixture.client()
                    try await client.send(
                        FastPathTests.request(target) + FastPathTests.request("p.jpg", method: "HEAD"))
                    client.closeOutput()
                    let answer = String(decoding: try await FastPathFixture.receiveAll(client), as: UTF8.self)
                    #expect(answer.split(separator: "HTTP/1.1 ").count >= 2, "\(target)")
                }
            }
        }
    }
}
