import Admission
import ImageCodecs
import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TaskSupport
import Testing

@Suite("Limits of work on pixels", .timeLimit(.minutes(1)))
struct PixelLimitTests {
    /// Notes what is taken, and rejects the clients that a test names.
    private final class NotingLimit: PixelLimit {
        struct Rejection: PixelRejection {
            let retryAfter = 7
        }

        private let state = NIOLockedValueBox<
            (taken: [ClientIdentity: Int], rejected: Set<ClientIdentity>, asked: Int)
        >(
            ([:], [], 0))

        func reject(_ client: ClientIdentity) { state.withLockedValue { _ = $0.rejected.insert(client) } }

        func taken(_ client: ClientIdentity) -> Int { state.withLockedValue { $0.taken[client] ?? 0 } }

        func take(_ pixels: Int, for client: ClientIdentity) -> (any PixelRejection)? {
            state.withLockedValue { state in
                state.asked += 1
                if state.rejected.contains(client) { return Rejection() }
                state.taken[client, default: 0] += pixels
                return nil
            }
        }

        func giveBack(_ pixels: Int, for client: ClientIdentity) {
            state.withLockedValue { $0.taken[client, default: 0] -= pixels }
        }
    }

    private let path: ImagePath
    private let storage = ScriptedStorage()
    private let limit = NotingLimit()
    private let workers: CodecWorkers
    private let service: ImageService
    private let one = ClientIdentity.ipv4(1)
    private let two = ClientIdentity.key("two")

    init() throws {
        path = try ImagePath(Array("a.jpg".utf8))
        workers = CodecWorkers(
            memoryBytes: 64 << 20, queueLimit: 0, pool: WorkerPool(threads: 1, queueLimit: 100, name: "test"),
            longPool: WorkerPool(threads: 1, queueLimit: 100, name: "test-long"), timeout: .seconds(60), pixels: limit)
        service = ImageService(
            storage: storage, workers: workers,
            configuration: .init(
                uploads: UploadLimits(maximumBytes: 50 << 20, codec: CodecLimits(), metadata: .keep),
                uploadMemoryBytes: 64 << 20, cacheBytes: 64 << 20, revalidateAfter: .seconds(60),
                staleFor: .seconds(60), storageTimeout: .seconds(10)))
    }

    private func spec(width: Int) -> RenditionSpec {
        ImageService.spec(RenditionRequest(width: width), format: .jpeg)
    }

    private func render(_ width: Int, for client: ClientIdentity) async throws -> Int {
        try await service.render(try await service.locate(path), spec(width: width), for: client).size
    }

    private func turn(for client: ClientIdentity) async throws {
        _ = try await service.rotate(path, by: RotationChange(.rotated90), condition: .always, for: client)
    }

    @Test("A rendition counts what is decoded and what is made, once")
    func rendition() async throws {
        let uploaded = try await service.upload(path, try Samples.jpeg())
        let size = try #require(uploaded.image.image?.size)
        // An upload is checked, and no pixel of it is decoded.
        #expect(limit.taken(.unknown) == 0)
        _ = try await render(size.width / 2, for: one)
        let made = (size.width / 2) * (size.height / 2)
        #expect(limit.taken(one) == size.pixels + made)
        // From memory it costs nobody anything.
        _ = try await render(size.width / 2, for: one)
        _ = try await render(size.width / 2, for: two)
        #expect(limit.taken(one) == size.pixels + made && limit.taken(two) == 0)
    }

    @Test("A rotation counts every pixel twice")
    func rotation() async throws {
        let uploaded = try await service.upload(path, try Samples.jpeg())
        let size = try #require(uploaded.image.image?.size)
        try await turn(for: two)
        #expect(limit.taken(two) == 2 * size.pixels)
    }

    @Test("A client without pixels left is rejected before anything is read, and others are not")
    func rejected() async throws {
        _ = try await service.upload(path, try Samples.jpeg())
        limit.reject(one)
        let gets = storage.count(.get)
        for rotates in [true, false] {
            let error = await #expect(throws: ServiceError.self) {
                if rotates { return try await turn(for: one) }
                _ = try await render(9, for: one)
            }
            guard case .rateLimited(let rejection)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(rejection.retryAfter == 7)
        }
        #expect(storage.count(.get) <= gets + 1)
        #expect(try await render(9, for: two) > 0)
        // It is in memory now.
        #expect(try await render(9, for: one) > 0)
    }

    /// The limit of the client that begins the work is not that of those who wait for it.
    @Test("Who joins the work of a client without pixels left is not rejected for it")
    func joined() async throws {
        _ = try await service.upload(path, try Samples.jpeg())
        limit.reject(one)
        for width in 10..<40 {
            async let first = render(width, for: one)
            async let second = render(width, for: two)
            do { _ = try await first } catch ServiceError.rateLimited {}
            #expect(try await second > 0)
        }
    }
}
