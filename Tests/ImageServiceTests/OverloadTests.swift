import Admission
import ImageCodecs
import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Testing

@Suite("More renditions than the server can make", .timeLimit(.minutes(2)))
struct OverloadTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()
    private let workers: CodecWorkers
    private let pool = WorkerPool(threads: 1, queueLimit: 100, name: "test")
    private let longPool = WorkerPool(threads: 1, queueLimit: 100, name: "test-long")
    private let service: ImageService

    init() throws {
        path = try ImagePath(Array("a.jpg".utf8))
        // Memory for two files of 900 KB, and a queue for four.
        workers = CodecWorkers(
            memoryBytes: 8 << 20, queueLimit: 4, pool: pool, longPool: longPool, timeout: .seconds(60))
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

    /// Makes the next read of a file wait until the returned closure is called.
    private func hold() -> @Sendable () -> Void {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        storage.before(next: .get) { for await _ in stream {} }
        return { continuation.finish() }
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    private func render(_ width: Int, for requester: ClientIdentity) -> Task<Int, any Error> {
        Task { try await service.render(try await service.locate(path), spec(width: width), for: requester).size }
    }

    @Test("If the queue is full, one more is rejected at once, and its file is not read")
    func rejected() async throws {
        _ = try await service.upload(path, try Samples.jpeg(padding: 900_000))
        let open = hold()
        let taken = (1...6).map { render($0, for: .ipv4(1)) }
        await until { workers.usage.queued == 4 }
        let error = await #expect(throws: ServiceError.self) { try await render(9, for: .ipv4(1)).value }
        guard case .overloaded(let seconds)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect((1...60).contains(seconds))
        #expect(storage.count(.get) <= 1)
        open()
        for task in taken { #expect(try await task.value > 0) }
        #expect(try await render(9, for: .ipv4(1)).value > 0)
        #expect(workers.usage.queued == 0)
    }

    @Test("A rotate reads nothing before it has a permit, and one of another version does not wait for a permit")
    func rotate() async throws {
        // There is memory for four of these files. If they were twice as long, none could be rotated.
        _ = try await service.upload(path, try Samples.jpeg(padding: 450_000))
        let open = hold()
        let many = (1...5).map { render($0, for: .ipv4(1)) }
        await until { workers.usage.queued == 1 }
        let (gets, heads) = (storage.count(.get), storage.count(.head))
        let error = await #expect(throws: ServiceError.self) {
            try await service.rotate(path, by: .rotated90, condition: .matches([ETag(opaque: "another")]))
        }
        guard case .preconditionFailed? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let rotate = Task { try await service.rotate(path, by: .rotated90, condition: .always) }
        await until { storage.count(.head) == heads + 2 }
        await until { workers.usage.queued == 2 }
        #expect(storage.count(.get) == gets)
        open()
        #expect(try await rotate.value.isLossless)
        for task in many { #expect(try await task.value > 0) }
    }

    @Test("A client with one request is served even if another client has filled the queue")
    func fair() async throws {
        _ = try await service.upload(path, try Samples.jpeg(padding: 900_000))
        let open = hold()
        let many = (1...6).map { render($0, for: .ipv4(1)) }
        await until { workers.usage.queued == 4 }
        let one = render(20, for: .ipv6(network: 1))
        // One of the many makes way at once, while all others still wait.
        let outcomes = NIOLockedValueBox(0)
        let watchers = many.map { task in
            Task {
                let result = await task.result
                outcomes.withLockedValue { $0 += 1 }
                return result
            }
        }
        await until { outcomes.withLockedValue { $0 } == 1 }
        open()
        #expect(try await one.value > 0)
        var rejected = 0
        for watcher in watchers {
            switch await watcher.value {
            case .success: break
            case .failure(let error):
                guard case ServiceError.overloaded? = error as? ServiceError else { throw error }
                rejected += 1
            }
        }
        #expect(rejected == 1)
    }

    @Test("A client that leaves gives up its place in the queue, its permit and its memory; the others continue")
    func left() async throws {
        _ = try await service.upload(path, try Samples.jpeg(padding: 900_000))
        let open = hold()
        let tasks = (1...6).map { render($0, for: .ipv4(1)) }
        await until { workers.usage.queued == 4 }
        // Two clients request the same rendition. The work is cancelled only after both have left.
        let shared = [render(30, for: .ipv4(2)), render(30, for: .ipv4(3))]
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: (any Error).self) { try await task.value } }
        shared[0].cancel()
        await #expect(throws: (any Error).self) { try await shared[0].value }
        open()
        #expect(try await shared[1].value > 0)
        await until { workers.usage.queued == 0 && workers.usage.running == 0 }
        // All permits and all memory are free again: more renditions than are admitted at once succeed.
        for width in 40..<48 { #expect(try await render(width, for: .ipv4(1)).value > 0) }
    }

    @Test("Hits and originals are served while the queue is full")
    func hits() async throws {
        let bytes = try Samples.jpeg(padding: 900_000)
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        let other = try ImagePath(Array("other.jpg".utf8))
        _ = try await service.upload(other, bytes)
        let rendition = try await render(1, for: .ipv4(1)).value
        let open = hold()
        let resolved = try await service.locate(other)
        let waiting = (1...6).map { width in
            Task { try await service.render(resolved, spec(width: width), for: .ipv4(1)).size }
        }
        await until { workers.usage.queued == 4 }
        for _ in 0..<20 {
            #expect(try await render(1, for: .ipv4(1)).value == rendition)
            #expect(try await service.bytes(path) == bytes)
        }
        #expect(workers.usage.queued == 4)
        open()
        for task in waiting { #expect(try await task.value > 0) }
    }
}
