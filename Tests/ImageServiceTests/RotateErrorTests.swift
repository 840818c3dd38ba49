import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage
import Testing

@testable import ImageService

@Suite("Rotates that fail because of the image", .timeLimit(.minutes(2)))
struct RotateErrorTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    private func error(of service: ImageService) async -> ServiceError? {
        await #expect(throws: ServiceError.self) {
            try await service.rotate(path, by: .rotated90, condition: .always)
        }
    }

    /// The error once named the header, which had been read without an error.
    @Test("If a codec fails during a rotation, the error names that stage, and nothing is written")
    func internalError() async throws {
        var service = ImageService.make(storage)
        let uploaded = try await service.upload(path, try Samples.jpeg())
        let puts = storage.count(.put)
        service.rotation.codecTransform = { (_, _, _, _) throws(CodecError) in
            throw .internalError("a call was rejected")
        }
        guard case .unprocessable(.internalError(let text))? = await error(of: service) else {
            Issue.record("not an internal error of the codec")
            return
        }
        #expect(text == "a call was rejected, at the stage rotate")
        #expect(storage.count(.put) == puts)
        #expect(try await service.locate(path).image.etag == uploaded.image.etag)
    }

    @Test("An image whose coefficients break off is reported as damaged, and stays")
    func damage() async throws {
        let whole = try Samples.noise(.jpeg, side: 64)
        let file = Array(whole.prefix(whole.count / 2)) + [0xFF, 0xD9]
        _ = try await storage.put(path.key, bytes: ByteBuffer(bytes: file), options: PutOptions())
        let puts = storage.count(.put)
        guard case .unprocessable(.damaged)? = await error(of: ImageService.make(storage)) else {
            Issue.record("not told as damage")
            return
        }
        #expect(storage.count(.put) == puts)
    }
}
