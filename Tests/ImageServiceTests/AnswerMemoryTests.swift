import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

/// Twenty readers of a rendition that the cache could not hold once had 1.8 GiB in memory, and no budget counted it.
@Suite("Memory for responses that readers have not taken yet", .timeLimit(.minutes(1)))
struct AnswerMemoryTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()

    init() throws {
        path = try ImagePath(Array("a.jpg".utf8))
    }

    private func spec(_ width: Int) -> RenditionSpec {
        ImageService.spec(RenditionRequest(width: width), format: .png)
    }

    private func render(_ service: ImageService, _ width: Int, for requester: ClientIdentity) async throws
        -> RenderedRendition
    {
        try await service.render(try await service.locate(path), spec(width), for: requester)
    }

    private func isOverload(_ error: ServiceError?) -> Bool {
        if case .overloaded? = error { true } else { false }
    }

    @Test("A rendition that the cache cannot hold is counted until its last reader has gone")
    func renditions() async throws {
        // A PNG of noise that is 300 pixels wide has about 135 KB.
        let service = ImageService.make(storage, cacheBytes: 0, answerMemoryBytes: 800_000)
        _ = try await service.upload(path, try Samples.noise(.png, side: 400))
        var first: RenderedRendition? = try await render(service, 300, for: .ipv4(1))
        let size = try #require(first?.size)
        #expect(size > 100_000)
        #expect(service.usage.answerBytes == size)
        // One client may have a quarter.
        let rejected = await #expect(throws: ServiceError.self) {
            try await render(service, 299, for: .ipv4(1))
        }
        #expect(isOverload(rejected))
        var others: [RenderedRendition] = []
        for client in 2...6 { others.append(try await render(service, 300 - client, for: .ipv4(UInt32(client)))) }
        #expect(service.usage.answerBytes == size + others.reduce(0) { $0 + $1.size })
        // All clients together may have no more than the budget.
        let full = await #expect(throws: ServiceError.self) { try await render(service, 290, for: .ipv4(7)) }
        #expect(isOverload(full))
        #expect(service.usage.answersWaiting == 0)
        // The hold keeps the bytes counted, not the rendition.
        let hold = first?.hold
        first = nil
        others = []
        #expect(service.usage.answerBytes == size)
        withExtendedLifetime(hold) {}
    }

    @Test("A rejected rendition gives back the bytes that were reserved for it")
    func rejections() async throws {
        let service = ImageService.make(storage, cacheBytes: 0, answerMemoryBytes: 100_000)
        _ = try await service.upload(path, try Samples.noise(.png, side: 400))
        let error = await #expect(throws: ServiceError.self) { try await render(service, 300, for: .ipv4(1)) }
        guard case .beyondLimit(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("100000"))
        #expect(service.usage.answerBytes == 0)
    }

    @Test("A body in the cache takes nothing from this budget, and the cache counts it until it is sent")
    func cached() async throws {
        let service = ImageService.make(storage)
        let file = try Samples.noise(.jpeg, side: 200)
        _ = try await service.upload(path, file)
        var opened: OpenedImage? = try await service.open(path, for: .ipv4(1))
        _ = try await opened?.body.collect(upTo: 1 << 20)
        var hold = opened?.hold
        opened = nil
        #expect(service.usage.answerBytes == 0)
        let other = try Samples.jpeg()
        _ = try await service.upload(path, other)
        #expect(try await service.bytes(path) == other)
        #expect(service.usage.cacheBytes > file.count)
        hold = nil
        #expect(service.usage.cacheBytes < file.count)
        withExtendedLifetime(hold) {}
    }

    @Test("The buffers of an original that streams past the cache are counted")
    func streams() async throws {
        let service = ImageService.make(storage, answerMemoryBytes: 1 << 20)
        _ = try await service.upload(path, try Samples.jpeg(padding: 6_000_000))
        let buffers = storage.capabilities.streamBytes
        let first = try await service.open(path, for: .ipv4(1))
        #expect(service.usage.answerBytes == buffers)
        let resolved = try await service.locate(path)
        let rejected = await #expect(throws: ServiceError.self) {
            try await service.open(resolved, range: .from(10), for: .ipv4(1))
        }
        #expect(isOverload(rejected))
        let part = try await service.open(resolved, range: .closed(first: 0, last: 999), for: .ipv4(2))
        #expect(service.usage.answerBytes == buffers + 1_000)
        #expect(try await part.body.collect(upTo: 1 << 20).readableBytes == 1_000)
        withExtendedLifetime((first, part)) {}
    }

    @Test("Reading a file to transform it does not count as a response")
    func transforms() async throws {
        let service = ImageService.make(storage, answerMemoryBytes: 1 << 20)
        _ = try await service.upload(path, try Samples.jpeg(padding: 6_000_000))
        let first = try await service.open(path, for: .ipv4(1))
        let rendered = try await service.render(
            try await service.locate(path), ImageService.spec(RenditionRequest(width: 8), format: .jpeg), for: .ipv4(1))
        #expect(rendered.size > 0)
        withExtendedLifetime(first) {}
    }
}
