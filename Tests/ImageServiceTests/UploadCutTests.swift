import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Bodies in the pieces that the network delivers")
struct UploadCutTests {
    private let storage = MemoryStorage(partSize: 64 << 10)

    private static func picture(_ format: ImageFormat) throws -> [UInt8] {
        let pixels = try PixelBuffer(width: 24, height: 16, layout: .rgb8)
        return try ImageEncoder.encode(pixels, format: format, quality: 90, metadata: nil, cancelled: CancelFlag())
    }

    /// An AVIF whose own brand is the last one of many.
    private static func lateBrand(_ others: Int) throws -> [UInt8] {
        let plain = try picture(.avif)
        let length = Int(plain[3])
        let brands = Array(("mif1\0\0\0\0" + String(repeating: "miaf", count: others) + "avif").utf8)
        let count = brands.count + 8
        return [0, 0, UInt8(count >> 8), UInt8(count & 255)] + Array("ftyp".utf8) + brands + plain.dropFirst(length)
    }

    private static var files: [(ImageFormat, [UInt8])] {
        get throws {
            try ImageFormat.allCases.map { ($0, try picture($0)) }
                + [1, 4, 5, 11, 900].map { (.avif, try lateBrand($0)) }
        }
    }

    /// The parts of a file that is cut at these places.
    private static func parts(_ file: [UInt8], _ cuts: [Int]) -> [ByteBuffer] {
        let places = [0] + cuts.filter { $0 < file.count } + [file.count]
        return zip(places, places.dropFirst()).map { ByteBuffer(bytes: file[$0..<$1]) }
    }

    @Test("A body is accepted, wherever it is cut in two")
    func everyCut() async throws {
        let service = ImageService.make(storage)
        for (index, (format, file)) in try Self.files.enumerated() {
            for cut in 1...64 {
                for cuts in [[cut], [cut, cut + 1], Array(1...cut)] {
                    let path = try ImagePath(Array("a/\(index)".utf8))
                    var rest = Self.parts(file, cuts)[...]
                    let uploaded = try await service.upload(to: path, condition: .always) { rest.popFirst() }
                    #expect(uploaded.image.format == format)
                    #expect(uploaded.image.image?.size == PixelSize(width: 24, height: 16))
                }
            }
        }
    }

    @Test("The type of a foreign object is found, wherever its store cuts the body")
    func foreignObjects() async throws {
        for (index, (format, file)) in try Self.files.enumerated() {
            for cut in [1, 3, 4, 8, 11, 12, 15, 31, 32, 34, 35, 36, 64] {
                for cuts in [[cut], Array(1...cut)] {
                    let path = try ImagePath(Array("b/\(index)".utf8))
                    _ = try await storage.put(path.key, bytes: ByteBuffer(bytes: file), options: PutOptions())
                    let service = ImageService.make(CuttingStorage(base: storage, cuts: cuts))
                    let opened = try await service.open(path)
                    #expect(opened.resolved.image.format == format)
                    let body = try await opened.body.collect(upTo: 1 << 20)
                    #expect(Array(body.readableBytesView) == file)
                }
            }
        }
    }

    @Test("A body that is not an image is rejected, however short it is")
    func noPicture() async throws {
        let service = ImageService.make(storage)
        let path = try ImagePath(Array("c".utf8))
        let files: [[UInt8]] = [
            [], [0xFF], [0xFF, 0xD8], Array("RIFF".utf8), Array("<html>".utf8),
            [0, 0, 0, 40] + Array("ftypmif1".utf8),
        ]
        for file in files {
            for cuts in [[], [1], Array(1...12)] {
                var rest = Self.parts(file, cuts)[...]
                let error = await #expect(throws: ServiceError.self) {
                    _ = try await service.upload(to: path, condition: .always) { rest.popFirst() }
                }
                guard case .notAnImage? = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("Bytes after the end are stored and served, whatever they are")
    func trailingBytes() async throws {
        let service = ImageService.make(storage)
        for format in ImageFormat.allCases {
            let plain = try Self.picture(format)
            let text = Array("hello world, this is not a box at all".utf8)
            for tail in [text, plain, Array(plain.dropLast(7)), [0, 0, 0, 0]] {
                let path = try ImagePath(Array("d/\(format)".utf8))
                let uploaded = try await service.upload(path, plain + tail)
                #expect(uploaded.image.size == Int64(plain.count + tail.count))
                #expect(try await service.bytes(path) == plain + tail)
                let resolved = try await service.locate(path)
                let spec = ImageService.spec(RenditionRequest(width: 10), format: .png)
                #expect(try await service.render(resolved, spec).size > 0)
            }
        }
    }
}

/// Delivers bodies in pieces that end at these places.
private struct CuttingStorage: ObjectStorage {
    let base: any ObjectStorage
    let cuts: [Int]

    var capabilities: StorageCapabilities { base.capabilities }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        var got = try await base.get(key, options: options)
        let body = got.body
        let cuts = cuts
        got.body = ObjectBody {
            var iterator = body.makeAsyncIterator()
            var pieces: [ByteBuffer] = []
            var at = 0
            return {
                while pieces.isEmpty, var chunk = try await iterator.next() {
                    for cut in cuts where cut > at && cut < at + chunk.readableBytes {
                        if let piece = chunk.readSlice(length: cut - at) { pieces.append(piece) }
                        at = cut
                    }
                    at += chunk.readableBytes
                    pieces.append(chunk)
                }
                return pieces.isEmpty ? nil : pieces.removeFirst()
            }
        }
        return got
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo { try await base.head(key) }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await base.put(key, bytes: bytes, options: options)
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        try await base.beginUpload(key, options: options)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await base.delete(key, ifMatch: ifMatch)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage { try await base.list(request) }

    func checkAvailability() async throws(StorageError) { try await base.checkAvailability() }
}
