import TestListener
import Testing

@testable import ImageAPI

/// HEAD of a rendition once rendered it and dropped the pixels: a crawler that sent HEAD cost as much as one that sent
/// GET.
@Suite("HEAD of a rendition", .timeLimit(.minutes(1)))
struct RenditionHeadTests {
    private func head(_ target: String, _ fixture: FastPathFixture, method: String = "HEAD") async throws -> String {
        let client = try await fixture.client()
        try await client.send("\(method) /api/v1/images/\(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return try await client.receiveAll()
    }

    @Test("A rendition that is not in memory is not made and has no length; one in memory has a length")
    func cold() async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: false) { fixture in
            let cold = try await head("p.jpg?w=10&format=webp", fixture)
            #expect(cold.hasPrefix("HTTP/1.1 200"))
            #expect(cold.contains("Content-Type: image/webp\r\n"))
            #expect(cold.contains("ETag: "))
            #expect(!cold.contains("Content-Length"))
            // Nobody has made it, so it is not a hit for later requests.
            let got = try await head("p.jpg?w=10&format=webp", fixture, method: "GET")
            #expect(got.contains("fwd=miss") || !got.contains("; hit"))
            let warm = try await head("p.jpg?w=10&format=webp", fixture)
            #expect(warm.contains("Content-Length: "))
            func tag(_ answer: String) -> Substring? { answer.firstMatch(of: /ETag: (\S+)/)?.1 }
            #expect(tag(cold) == tag(got) && tag(warm) == tag(got))
        }
    }

    @Test("A rendition that cannot be made is rejected as by GET")
    func rejected() async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: false) { fixture in
            // The original needs little memory, but the rendition needs more than one job may take.
            let target = "p.jpg?w=8192&h=8192&fit=fill&format=png"
            let (head, get) = (try await head(target, fixture), try await self.head(target, fixture, method: "GET"))
            #expect(get.hasPrefix("HTTP/1.1 422"))
            // Only the file tells how much memory it takes, so HEAD may not know. HEAD never makes it.
            #expect(head.hasPrefix("HTTP/1.1 422") || head.hasPrefix("HTTP/1.1 200"))
            #expect(get.contains("8192x8192") && !get.contains("Decoding"))
        }
    }
}
