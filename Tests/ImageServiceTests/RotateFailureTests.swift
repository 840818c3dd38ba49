import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage
import Testing

@testable import ImageService

@Suite("Rotates that fail because of the image", .timeLimit(.minutes(2)))
struct RotateFailureTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    private func failure(of service: ImageService) async -> ServiceError? {
        await #expect(throws: ServiceError.self) {
            try await service.rotate(path, by: .rotated90, condition: .always)
        }
    }

    /// The error once named the header, which had been read without an error.
    @Test("If a codec fails during a rotation, the error names that stage, and nothing is written")
    func fault() async throws {
        var service = ImageService.make(storage)
        let uploaded = try await service.upload(path, try Samples.jpeg())
        let puts = storage.count(.put)
        service.rotation.turning = { (_, _, _, _) throws(CodecError) in throw .fault("a call was refused") }
        guard case .unprocessable(.fault(let text))? = await failure(of: service) else {
            Issue.record("not a fault of the codec")
            return
        }
        #expect(text == "a call was refused, at the stage turn")
        #expect(storage.count(.put) == puts)
        #expect(try await service.locate(path).image.etag == uploaded.image.etag)
    }

    @Test("An image whose coefficients break off is reported as damaged, and stays")
    func damage() async throws {
        let whole = try Samples.noise(.jpeg, side: 64)
        let file = Array(whole.prefix(whole.count / 2)) + [0xFF, 0xD9]
        _ = try await storage.put(path.key, bytes: ByteBuffer(bytes: file), options: PutOptions())
        let puts = storage.count(.put)
        guard case .unprocessable(.damaged)? = await failure(of: ImageService.make(storage)) else {
            Issue.record("not reported as damage")
            return
        }
        #expect(storage.count(.put) == puts)
    }
}
