import Foundation
import ImageCodecs
import ImageModel
import Testing

/// Many broken files. Any result is right, except a crash, a hang or a wrong size.
@Suite struct MutationTests {
    private static let limits = CodecLimits(maximumPixels: 1_000_000, maximumAnimationPixels: 10_000_000)
    /// The number of changed files for each codec. MUTATION_TRIES can raise it.
    private static let tries = ProcessInfo.processInfo.environment["MUTATION_TRIES"].flatMap(Int.init) ?? 10_000

    /// Does everything with a file that the server would do.
    private static func exercise(_ bytes: [UInt8]) {
        let span = bytes.span.bytes
        if let format = ImageFormat.detect(span) { _ = try? checkStructure(bytes, format, limits: limits) }
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        #expect(info.size.width > 0 && info.size.height > 0 && info.size.pixels <= limits.maximumPixels)
        _ = EncodedMetadata.read(span, info: info)
        _ = PhotoFacts.read(span, info: info)
        for policy in [MetadataPolicy.dropLocation, .dropAll] {
            guard let changed = try? policy.apply(to: span, info: info, limits: limits) else { continue }
            let after = try? ImageHeader.read(changed.span.bytes, limits: limits)
            #expect(after?.size == info.size && after?.orientation == info.orientation)
        }
        if let picture = try? Picture(
            ImageDecoder.decode(span, info: info, limits: limits, cancelled: CancelFlag()))
        {
            #expect(PixelSize(width: picture.width, height: picture.height) == info.size)
        }
        for scale in info.format == .jpeg || info.format == .webp ? [2, 8] : [] {
            guard
                let small = try? Picture(
                    ImageDecoder.decode(
                        span, info: info, scaleDenominator: scale, limits: limits, cancelled: CancelFlag()))
            else { continue }
            #expect(small.width <= info.size.width && small.height <= info.size.height)
        }
        var frames = 0
        try? ImageDecoder.play(span, info: info, limits: limits, cancelled: CancelFlag()) {
            (picture: consuming PixelBuffer, frame: AnimationFrame) throws(CodecError) in
            #expect(picture.size == info.size && frame.index == frames)
            frames += 1
        }
        if let rotated = try? ImageTransform.apply(.rotated90, to: span, limits: limits, cancelled: CancelFlag()) {
            let size = info.displaySize
            #expect(rotated.info.size == size.transposed || rotated.info.displaySize == size.transposed)
            #expect(rotated.info.orientation == .upright)
        }
    }

    private static func seeds(_ format: ImageFormat) throws -> [[UInt8]] {
        let exif = TestImages.exif(
            orientation: 6, width: 33, height: 21, thumbnail: try TestImages.file(.jpeg, width: 16, height: 8))
        switch format {
        case .jpeg:
            return [
                TestImages.jpeg(try TestImages.file(.jpeg, width: 33, height: 21, quality: 90), exif: exif),
                try TestImages.file(.jpeg, width: 48, height: 32, layout: .gray8),
            ]
        case .png:
            var palette = PNGFile(width: 19, height: 11, depth: 4, colorType: 3)
            palette.before = [("PLTE", (0..<48).map { UInt8($0 * 5) }), ("tRNS", [0, 128]), ("eXIf", exif)]
            return [
                palette.bytes { x, y, _ in x ^ y }, AnimationTests.seed(),
                try TestImages.file(.png, width: 33, height: 21, layout: .rgba8),
            ]
        case .avif:
            let metadata = EncodedMetadata(copyright: Array("Ann".utf8))
            return [
                try TestImages.file(.avif, width: 33, height: 21, layout: .rgba8, metadata: metadata),
                try TestImages.file(.avif, width: 33, height: 21, quality: 95),
            ]
        case .webp:
            let metadata = EncodedMetadata(copyright: Array("Ann".utf8))
            return [
                try TestImages.file(.webp, width: 33, height: 21, layout: .rgba8, metadata: metadata),
                try TestImages.file(.webp, width: 33, height: 21), try AnimationTests.webpSeed(),
            ]
        }
    }

    /// Files from other sources, cut at every 64th of their length, and with changed bytes.
    @Test(.enabled(if: Oracle.corpus != nil), arguments: [("pngsuite", "png"), ("libwebp-test-data", "webp")])
    func truncatedCorpusFilesDoNotCrash(folder: String, ext: String) throws {
        var random = SplitMix(seed: 99)
        let files = try Oracle.files(folder, ext).filter { $0.bytes.count < 12_000 }
        #expect(files.count > 20)
        for (_, bytes) in files {
            for part in 0..<64 { Self.exercise(Array(bytes.prefix(bytes.count * part / 64))) }
            for _ in 0..<32 {
                var broken = bytes
                broken[Int.random(in: 0..<broken.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                Self.exercise(broken)
            }
        }
    }

    /// The JPEGs of the corpus are large: cut at every 64th, and processed only once.
    @Test(.enabled(if: Oracle.corpus != nil))
    func truncatedCorpusJPEGsDoNotCrash() throws {
        for (_, bytes) in try Oracle.files("libjpeg-turbo", "jpg") {
            for part in 0..<64 { Self.exercise(Array(bytes.prefix(bytes.count * part / 64))) }
        }
    }

    @Test(arguments: ImageFormat.allCases)
    func truncationsDoNotCrash(format: ImageFormat) throws {
        for bytes in try Self.seeds(format) {
            for part in 0...64 { Self.exercise(Array(bytes.prefix(bytes.count * part / 64))) }
        }
    }

    @Test(arguments: ImageFormat.allCases)
    func tenThousandMutatedFilesDoNotCrash(format: ImageFormat) throws {
        var random = SplitMix(seed: 20_240_301)
        let seeds = try Self.seeds(format)
        for bytes in seeds {
            for _ in 0..<(Self.tries + seeds.count - 1) / seeds.count {
                var broken = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    broken[Int.random(in: 0..<broken.count, using: &random)] ^= UInt8.random(
                        in: 1...255, using: &random)
                }
                Self.exercise(broken)
            }
        }
    }

    /// Flipped bytes with corrected CRCs, so that libpng reads on.
    @Test func flippedBytesWithValidCRCsDoNotCrash() throws {
        var random = SplitMix(seed: 7)
        let seeds = try Self.seeds(.png)
        for bytes in seeds {
            for _ in 0..<(Self.tries + seeds.count - 1) / seeds.count {
                var broken = PNGFile.signature
                var at = 8
                while at + 12 <= bytes.count {
                    let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
                    var data = Array(bytes[at + 8..<at + 8 + length])
                    if !data.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
                        data[Int.random(in: 0..<data.count, using: &random)] ^= UInt8.random(
                            in: 1...255, using: &random)
                    }
                    broken += PNGFile.chunk(String(decoding: bytes[at + 4..<at + 8], as: UTF8.self), data)
                    at += 12 + length
                }
                Self.exercise(broken)
            }
        }
    }
}
