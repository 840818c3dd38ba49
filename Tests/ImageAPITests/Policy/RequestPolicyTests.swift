import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import Synchronization
import Testing

@testable import HTTPServer
@testable import ImageAPI

/// Every rule of a policy also applies to hits.
@Suite("The policy of requests", .timeLimit(.minutes(1)))
struct RequestPolicyTests {
    /// Rejects every request whose query has a parameter `deny`, and those with `ask` on the fast path. Its grant can
    /// be replaced.
    private final class TestPolicy: RequestPolicy {
        private let grant: Mutex<RequestGrant>

        init(_ grant: RequestGrant) { self.grant = Mutex(grant) }

        func replace(by grant: RequestGrant) { self.grant.withLock { $0 = grant } }

        func judge(_ action: RequestAction, by origin: RequestOrigin, _ query: Query) throws(Problem) -> AccessDecision
        {
            guard !query.items.contains(where: { $0.name == "deny" }) else {
                throw Problem(.writesNotAllowed, "No.")
            }
            return AccessDecision(grant: grant.withLock { $0 })
        }

        func quickGrant(_ request: FastRequest) -> RequestGrant? {
            let target = String(buffer: request.target)
            return target.contains("deny") || target.contains("ask") ? nil : grant.withLock { $0 }
        }
    }

    private static func grant(_ cacheControl: String) -> RequestGrant {
        RequestGrant(cacheControl: cacheControl, renditions: RenditionRules(), maximumUploadBytes: 1 << 20)
    }

    private func fastPath(_ policy: TestPolicy) async throws -> (ImageFastPath, ImageService) {
        let service = try await FastPathFixture.makeService()
        for try await _ in try await service.open(try ImagePath("p.jpg".utf8)).body {}
        return (
            ImageFastPath(service: service, configuration: try FastPathFixture.makeConfiguration(), policy: policy),
            service
        )
    }

    private func request(_ target: String, isHead: Bool = false) -> FastRequest {
        FastRequest(isHead: isHead, target: ByteBuffer(string: "/api/v1/images/\(target)"))
    }

    @Test("An unknown parameter never turns a rejection into a hit")
    func rejection() async throws {
        let policy = TestPolicy(Self.grant("no-cache"))
        let (fastPath, service) = try await fastPath(policy)
        let application = try TestApplication(service, policy: policy)
        for _ in 0..<5 {
            #expect(fastPath.answer(request("p.jpg"))?.status == 200)
            #expect(fastPath.answer(request("p.jpg?sig=1"))?.status == 200)
            for target in ["p.jpg?deny=1", "p.jpg?sig=1&deny=1", "p.jpg?deny", "p.jpg?v=x&deny=1&w=16"] {
                #expect(fastPath.answer(request(target)) == nil, "\(target)")
                #expect(fastPath.answer(request(target, isHead: true)) == nil, "\(target)")
                #expect(try await application.send(.get, "images/\(target)").status == 403, "\(target)")
            }
        }
    }

    @Test(
        "Every route asks the policy",
        arguments: [
            (HTTPRequest.Method.get, "images/p.jpg"), (.head, "images/p.jpg"), (.put, "images/p.jpg"),
            (.delete, "images/p.jpg"), (.post, "images/p.jpg/rotate"), (.get, "metadata/p.jpg"), (.get, "images"),
            (.post, "images"), (.get, "access"), (.get, "status"), (.post, "signed-urls"),
        ])
    func routes(_ method: HTTPRequest.Method, _ target: String) async throws {
        let service = try await FastPathFixture.makeService()
        let application = try TestApplication(service, policy: TestPolicy(Self.grant("no-cache")))
        #expect(try await application.send(method, "\(target)?deny=1").status == 403)
        #expect(try await application.send(method, target).status != 403)
    }

    @Test("A check that needs more than memory takes the normal path")
    func longWay() async throws {
        let policy = TestPolicy(Self.grant("no-cache"))
        let (fastPath, service) = try await fastPath(policy)
        for _ in 0..<3 { #expect(fastPath.answer(request("p.jpg?ask=1")) == nil) }
        let application = try TestApplication(service, policy: policy)
        #expect(try await application.send(.get, "images/p.jpg?ask=1").status == 200)
    }

    @Test("A response cached under one grant is not used under another")
    func otherGrant() async throws {
        let policy = TestPolicy(Self.grant("max-age=7"))
        let (fastPath, _) = try await fastPath(policy)
        func cacheControl() throws -> Substring? {
            let answer = try #require(fastPath.answer(request("p.jpg")))
            return String(buffer: answer.head).firstMatch(of: /Cache-Control: (\S+)/)?.1
        }
        for _ in 0..<5 { #expect(try cacheControl() == "max-age=7") }
        policy.replace(by: Self.grant("max-age=8"))
        for _ in 0..<5 { #expect(try cacheControl() == "max-age=8") }
        policy.replace(by: Self.grant("max-age=7"))
        for _ in 0..<5 { #expect(try cacheControl() == "max-age=7") }
    }
}
