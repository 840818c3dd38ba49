import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Metadata that is only known after the file was read")
struct InspectionTests {
    private let path: ImagePath
    private let base = MemoryStorage(partSize: 64 << 10)

    init() throws {
        path = try ImagePath(Array("a/b".utf8))
    }

    private func plant(_ bytes: [UInt8]) async throws {
        _ = try await base.put(path.key, bytes: ByteBuffer(bytes: bytes), options: PutOptions())
    }

    @Test("Every replica knows the orientation after the pixels of a WebP, uploaded in parts or foreign")
    func lateOrientation() async throws {
        let storage = ScriptedStorage(base)
        let bytes = Samples.rotatedLate(webp: try Samples.noise(.webp, side: 800))
        for isForeign in [false, true] {
            if isForeign {
                try await plant(bytes)
            } else {
                let uploaded = try await ImageService.make(storage).upload(path, bytes)
                #expect(storage.count(.beginUpload) == 1)
                #expect(uploaded.image.image?.orientation == .rotated90)
            }
            let replica = ImageService.make(storage)
            let image = try #require(try await replica.describe(path).image)
            #expect(image.orientation == .rotated90)
            #expect(image.displaySize == PixelSize(width: 400, height: 800))
            #expect(image.frames == 1)
            // The server reads the file only once.
            let first = storage.count(.get)
            for _ in 0..<5 { #expect(try await replica.describe(path).image == image) }
            #expect(storage.count(.get) == first)
        }
    }

    /// PNG, third edition: metadata after the pixels is too late for programs that show the pixels as they arrive (CSS
    /// images, libvips).
    @Test("Orientation after the pixels of a PNG is ignored")
    func tooLateOrientation() async throws {
        let uploaded = try await ImageService.make(base).upload(
            path, Samples.rotatedLate(try Samples.noise(.png, side: 400)))
        #expect(uploaded.image.image?.orientation == .upright)
        #expect(uploaded.image.image?.displaySize == PixelSize(width: 400, height: 200))
        let described = try await ImageService.make(base).describe(path)
        #expect(described.image?.orientation == .upright)
    }

    @Test("Facts that a damaged file does not give stay unknown, and the server looks for them once")
    func damaged() async throws {
        let storage = ScriptedStorage(base)
        try await plant(Array(try Samples.noise(.png, side: 400).dropLast(5000)))
        let service = ImageService.make(storage)
        let image = try #require(try await service.describe(path).image)
        #expect(image.frames == nil)
        #expect(image.size == PixelSize(width: 400, height: 200))
        let gets = storage.count(.get)
        _ = try await service.describe(path)
        #expect(storage.count(.get) == gets)
    }

    @Test("A foreign file that another program replaces is described as it is now")
    func replacedElsewhere() async throws {
        let service = ImageService.make(ScriptedStorage(base))
        try await plant(try Samples.noise(.png, side: 100))
        _ = try await service.bytes(path)
        try await plant(try Samples.noise(.png, side: 60))
        #expect(try await service.describe(path).image?.size == PixelSize(width: 60, height: 30))
    }

    @Test("The format of a rendition is chosen by the same facts, whatever was requested before")
    func transparency() async throws {
        let service = ImageService.make(base, revalidateAfter: .seconds(3600))
        try await plant(try Samples.noise(.webp, side: 64))
        _ = try await service.bytes(path)
        #expect(try await service.locate(path).image.image == nil)
        #expect(try await service.locateForRendition(path).image.image?.hasAlpha == false)
        #expect(try await service.locate(path).image.image?.hasAlpha == false)
    }

    @Test("The server does not read the same version again when it is requested again")
    func revalidation() async throws {
        let storage = ScriptedStorage(base)
        let service = ImageService.make(storage, revalidateAfter: .zero)
        try await plant(try Samples.noise(.webp, side: 64))
        _ = try await service.locate(path)
        let gets = storage.count(.get)
        #expect(gets == 1)
        for _ in 0..<5 { #expect(try await service.locate(path).image.image?.size.width == 64) }
        #expect(storage.count(.get) == gets)
        try await plant(try Samples.noise(.webp, side: 32))
        #expect(try await service.locate(path).image.image?.size.width == 32)
    }
}
