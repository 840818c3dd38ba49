import Foundation
import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

/// The metadata of an image must agree with its rendition: displayed size, orientation, alpha, frames. A comparison of
/// the two found each fault that this was written for.
@Suite("Metadata and renditions agree")
struct AgreementTests {
    private static func check(_ file: [UInt8], _ name: String) async throws {
        let store = MemoryStorage(partSize: 64 << 10)
        let service = ImageService.make(store)
        let path = try ImagePath(Array("a".utf8))
        let uploaded: ImageInfo
        do {
            uploaded = try #require(try await service.upload(path, file).image.image, "\(name)")
        } catch let error as ServiceError {
            #expect(isRejection(error), "\(name): \(error)")
            return
        }
        // The uploaded image, and the same file written to the store by another program.
        let foreign = try ImagePath(Array("b".utf8))
        _ = try await store.put(foreign.key, bytes: ByteBuffer(bytes: file), options: PutOptions())
        let described = try await service.describe(foreign).image
        #expect(described == uploaded, "\(name)")
        #expect(uploaded.frames != nil, "\(name)")

        let limits = CodecLimits()
        let cancelled = CancelFlag()
        do {
            let spec = ImageService.spec(RenditionRequest(isStill: true), format: .png)
            let resolved = try await service.locateForRendition(path)
            let rendition = try await service.render(resolved, spec)
            let png = Array(try await rendition.stream(0..<rendition.size).collect(upTo: 1 << 28).readableBytesView)
            let info = try ImageHeader.read(png.span.bytes, limits: limits)
            #expect(info.size == uploaded.displaySize && info.orientation == .upright, "\(name)")
            let shown = try ImageDecoder.decode(png.span.bytes, info: info, limits: limits, cancelled: cancelled)
            let isClear = Self.alpha(shown).contains { $0 < 255 }
            #expect(!isClear || uploaded.hasAlpha, "\(name)")
            // An animation always has RGBA frames.
            if !uploaded.isAnimation { #expect(info.hasAlpha == uploaded.hasAlpha, "\(name)") }
            try Self.compare(shown, to: file, uploaded, name)
        } catch let error as ServiceError {
            #expect(isRejection(error), "\(name): \(error)")
        }

        // The number of frames in the metadata is the number of frames that are played.
        if uploaded.format != .avif {
            var frames = 0
            do {
                let whole = try ImageHeader.read(file.span.bytes, limits: limits)
                try ImageDecoder.play(file.span.bytes, info: whole, limits: limits, cancelled: cancelled) {
                    (_: consuming PixelBuffer, _: AnimationFrame) throws(CodecError) in frames += 1
                }
                #expect(frames == uploaded.frames, "\(name)")
            } catch CodecError.internalError(let text) {
                Issue.record("\(name): \(text)")
            } catch {}
        }
    }

    private static func alpha(_ picture: borrowing PixelBuffer) -> [UInt8] {
        guard picture.layout.bytesPerPixel == 4 else { return [] }
        return picture.withUnsafeBytes { bytes in stride(from: 3, to: bytes.count, by: 4).map { bytes[$0] } }
    }

    /// The still is the decoder's picture, rotated by the orientation in the metadata: pixel by pixel, by the table of
    /// Exif 2.32, 4.6.4.A.
    private static func compare(
        _ shown: borrowing PixelBuffer, to file: [UInt8], _ info: ImageInfo, _ name: String
    ) throws {
        guard !info.isAnimation else { return }
        let limits = CodecLimits()
        let whole = try ImageHeader.read(file.span.bytes, limits: limits)
        let stored = try ImageDecoder.decode(file.span.bytes, info: whole, limits: limits, cancelled: CancelFlag())
        let (width, height) = (stored.width, stored.height)
        guard shown.width == info.displaySize.width, stored.width == info.size.width else { return }
        let (from, to) = (stored.layout.bytesPerPixel, shown.layout.bytesPerPixel)
        let differing = stored.withUnsafeBytes { old in
            shown.withUnsafeBytes { new in
                var differing = 0
                for y in 0..<shown.height {
                    for x in 0..<shown.width {
                        let place: (x: Int, y: Int) =
                            switch info.orientation.rawValue {
                            case 2: (width - 1 - x, y)
                            case 3: (width - 1 - x, height - 1 - y)
                            case 4: (x, height - 1 - y)
                            case 5: (y, x)
                            case 6: (y, height - 1 - x)
                            case 7: (width - 1 - y, height - 1 - x)
                            case 8: (width - 1 - y, x)
                            default: (x, y)
                            }
                        // The first sample is red, or grey.
                        let (left, right) = (
                            old[(place.y * width + place.x) * from], new[(y * shown.width + x) * to]
                        )
                        // The colour of a fully transparent pixel does not count.
                        let isSeen = to < 4 || new[(y * shown.width + x) * to + 3] > 0
                        if isSeen, left != right { differing += 1 }
                    }
                }
                return differing
            }
        }
        #expect(differing == 0, "\(name): \(differing) pixels")
    }

    /// A rejection because of the file, never because of the server.
    private static func isRejection(_ error: ServiceError) -> Bool {
        switch error {
        case .notAnImage, .cannotRender, .beyondLimit: true
        case .unprocessable(.internalError), .unprocessable(.outOfMemory), .unprocessable(.cancelled): false
        case .unprocessable: true
        default: false
        }
    }

    private static func files(_ folder: String, _ endings: Set<String>) throws -> [(String, [UInt8])] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return try names.sorted().filter { endings.contains(($0 as NSString).pathExtension) }.map {
            ($0, [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent($0))))
        }
    }

    private static let endings: Set<String> = ["jpg", "jpeg", "png", "webp", "avif"]
    private static let corpus = ProcessInfo.processInfo.environment["CORPUS_DIR"]

    @Test(
        "Metadata and renditions agree in every file of the corpus",
        arguments: ["pngsuite", "libwebp-test-data", "exif-orientation", "libjpeg-turbo"])
    func corpus(folder: String) async throws {
        guard let corpus = Self.corpus else { return }
        let files = try Self.files("\(corpus)/\(folder)", Self.endings)
        #expect(!files.isEmpty)
        for (name, file) in files { try await Self.check(file, name) }
    }

    @Test("Metadata and renditions agree in the files of bug reports")
    func cases() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../ReportedImages").standardized.path
        let files = try Self.files(folder, Self.endings)
        #expect(!files.isEmpty)
        for (name, file) in files { try await Self.check(file, name) }
    }

    @Test("Metadata and renditions agree in generated files of every format, rotated and transparent")
    func ownFiles() async throws {
        for format in ImageFormat.allCases {
            for layout in [PixelBuffer.Layout.gray8, .rgb8, .rgba8] {
                let hasAlpha = layout.bytesPerPixel == 4
                guard !hasAlpha || format.capabilities.hasAlpha else { continue }
                var pixels = try PixelBuffer(width: 37, height: 22, layout: layout)
                pixels.withUnsafeMutableBytes { bytes in
                    for place in bytes.indices { bytes[place] = UInt8(truncatingIfNeeded: place &* 37 ^ place >> 3) }
                }
                let file = try ImageEncoder.encode(
                    pixels, format: format, quality: 80, metadata: nil, cancelled: CancelFlag())
                try await Self.check(file, "\(format) \(layout)")
            }
            let png = try Samples.rotatedLate(Samples.noise(.png, side: 40))
            try await Self.check(png, "turned late")
        }
    }
}
