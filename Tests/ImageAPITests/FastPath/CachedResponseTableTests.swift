import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import Testing
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// The data of fast responses, and how much of it is kept.
@Suite("Table of cached responses")
struct CachedResponseTableTests {
    private let configuration = ImagesConfiguration(
        cacheControl: "no-cache", urlBase: nil, maximumUploadBytes: 50 << 20, allowsAnonymousWrites: false,
        renditions: RenditionRules())

    private func makeFastPath(_ service: ImageService, _ table: CachedResponseTable? = nil) -> ImageFastPath {
        ImageFastPath(
            service: service, configuration: configuration, policy: KeylessPolicy(configuration), table: table)
    }

    private func request(_ target: String, _ accept: String? = nil, isHead: Bool = false) -> FastRequest {
        var request = FastRequest(isHead: isHead, target: ByteBuffer(string: "/api/v1/images/\(target)"))
        request.accept = accept.map { ByteBuffer(string: $0) }
        return request
    }

    /// Loads an image's bytes into memory.
    private func warm(_ name: String, _ service: ImageService) async throws {
        for try await _ in try await service.open(try ImagePath(name.utf8)).body {}
    }

    @Test func eachTargetHasOneEntryForAllLoops() async throws {
        let service = try await FastPathFixture.makeService()
        try await warm("p.jpg", service)
        let table = CachedResponseTable(service.requestMemory)
        let fastPaths = (0..<3).map { _ in makeFastPath(service, table) }
        for fastPath in fastPaths {
            for _ in 0..<5 { #expect(fastPath.answer(request("p.jpg"))?.status == 200) }
            #expect(fastPath.answer(request("p.jpg?a=1"))?.status == 200)
            // Nothing depends on Accept here.
            #expect(fastPath.answer(request("p.jpg", "image/webp"))?.status == 200)
        }
        #expect(table.count == 2)
    }

    @Test func eachNegotiationHasItsOwnEntry() async throws {
        let service = try await FastPathFixture.makeService()
        let table = CachedResponseTable(service.requestMemory)
        let fastPath = makeFastPath(service, table)
        let accepts = [nil, "image/webp", "image/webp,*/*;q=0.5", "image/png"]
        let path = try ImagePath("p.jpg".utf8)
        for accept in accepts {
            let target = try #require(FastTarget("/api/v1/images/p.jpg?w=16", configuration.renditions))
            let resolved = try await service.locateForRendition(path)
            let fields: HTTPFields = accept.map { [.accept: $0] } ?? [:]
            let spec = try #require(target.query.rendition).spec(for: resolved.image, accept: Accept(fields))
            _ = try await service.render(resolved, spec)
        }
        for _ in 0..<4 {
            let types = accepts.map { accept in
                fastPath.answer(request("p.jpg?w=16", accept)).map { answer in
                    String(buffer: answer.head).contains("image/webp") ? "webp" : "jpeg"
                }
            }
            #expect(types == ["jpeg", "webp", "webp", "jpeg"])
        }
        // Four spellings, two choices.
        #expect(table.count == 2)
    }

    @Test func theTableStaysWithinItsBytesAndKeepsUsedEntries() async throws {
        let service = try await FastPathFixture.makeService()
        try await warm("p.jpg", service)
        let memory = RequestMemory(limit: 1 << 20)
        let table = CachedResponseTable(memory)
        let fastPath = makeFastPath(service, table)
        // From here on, only targets that are requested for the first time are read.
        let used = request("p.jpg?used")
        var entry: CachedResponse?
        var kept = 0
        for number in 0..<20_000 {
            let padding = String(repeating: "a", count: number % 200)
            #expect(fastPath.answer(request("p.jpg?\(number)\(padding)"))?.status == 200)
            guard number % 20 == 0 else { continue }
            _ = fastPath.answer(used)
            #expect(memory.used <= memory.limit)
            let present = used.target.withUnsafeReadableBytes { table.entry($0, hash: table.hash($0), accept: nil) }
            if present === entry { kept += 1 }
            entry = present
        }
        // A set has eight slots, so from time to time a target is evicted early.
        #expect(kept >= 980)
        #expect(table.count > 1_000)
        #expect(memory.used > memory.limit * 3 / 4)
    }

    @Test func withoutMemoryNothingIsRemembered() async throws {
        let service = try await FastPathFixture.makeService()
        try await warm("p.jpg", service)
        let memory = RequestMemory(limit: 0)
        let table = CachedResponseTable(memory)
        let fastPath = makeFastPath(service, table)
        for _ in 0..<3 { #expect(fastPath.answer(request("p.jpg"))?.status == 200) }
        #expect(table.count == 0)
        #expect(memory.used == 0)
    }

    @Test func anotherVersionHasAnotherEntry() async throws {
        let service = try await FastPathFixture.makeService()
        let fastPath = makeFastPath(service)
        for length in [9_100, 9_200, 9_300] {
            try await FastPathFixture.store("p.jpg", length, in: service)
            try await warm("p.jpg", service)
            for _ in 0..<5 {
                let answer = try #require(fastPath.answer(request("p.jpg")))
                #expect(String(buffer: answer.head).contains("Content-Length: \(length)\r\n"))
                #expect(answer.body?.range == 0..<length)
            }
        }
    }
}

@Suite("Shapes of heads")
struct HeadShapeTests {
    private func head(_ etag: String, _ modified: String, _ length: Int, _ age: Int, _ date: String) -> ByteBuffer {
        ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nETag: \(etag)\r\nLast-Modified: \(modified)\r\nX: a:b\r\nAge: \(age)\r\n"
                + "Date: \(date)\r\nContent-Length: \(length)\r\nVary: Accept\r\n")
    }

    @Test func aFilledShapeEqualsTheHeadItWasMadeFrom() {
        let moments = [0, 951_782_400, 951_868_799, 1_700_000_000, 253_402_300_799, -1].map { Timestamp(seconds: $0) }
        let shape = HeadShape(head("W/\"a\"", moments[0].httpDate, 5, 6, moments[1].httpDate))
        for (index, moment) in moments.enumerated() {
            let (length, age) = ([0, 9, 10, 99, 1_000, .max][index], [0, 1, 59, 60, 3_599, 31_536_000][index])
            let expected = head("\"\(index)\"", moment.httpDate, length, age, moments.reversed()[index].httpDate)
            var bytes = ByteBuffer()
            shape.write(
                HeadShape.Values(
                    texts: ArraySlice("\"\(index)\"\(moment.httpDate)".utf8), etagBytes: 3, length: Int64(length),
                    age: Int64(age), date: moments.reversed()[index]), into: &bytes)
            #expect(String(buffer: bytes) == String(buffer: expected))
            #expect(HeadShape(expected) == shape)
        }
    }

    @Test func equalShapesAreShared() throws {
        let shapes = HeadShapes()
        let date = Timestamp(seconds: 0).httpDate
        let first = shapes.shared(HeadShape(head("\"a\"", date, 1, 2, date)))
        #expect(shapes.shared(HeadShape(head("\"bcd\"", date, 10, 22, date))) === first)
        let other = shapes.shared(HeadShape(ByteBuffer(string: "HTTP/1.1 304 Not Modified\r\nAge: 1\r\n")))
        #expect(other !== first)
        // The number of shapes has a limit. Beyond it, all are forgotten, and new ones are shared again.
        for number in 0..<1_000 { _ = shapes.shared(HeadShape(ByteBuffer(string: "X: \(number)\r\n"))) }
        let again = shapes.shared(HeadShape(head("\"e\"", date, 3, 4, date)))
        #expect(again !== first)
        #expect(shapes.shared(HeadShape(head("\"f\"", date, 5, 6, date))) === again)
    }
}
