import ImageModel
import Testing

@testable import ImageCodecs

/// Checks a file to the end of its picture: in any pieces, with any truncation, broken, or only unusual.
@Suite struct StructureCheckTests {
    private static func samples() throws -> [(format: ImageFormat, bytes: [UInt8])] {
        let exif = TestImages.exif(orientation: 6, width: 40, height: 24)
        let lossless = try ImageEncoder.encodeWebP(
            TestImages.pixels(width: 40, height: 24, layout: .rgba8), quality: 75, isLossless: true,
            cancelled: CancelFlag())
        return [
            (.jpeg, TestImages.jpeg(try TestImages.file(.jpeg, width: 40, height: 24), exif: exif)),
            (.png, try TestImages.file(.png, width: 40, height: 24, layout: .rgba8)),
            (.webp, try TestImages.file(.webp, width: 40, height: 24)),
            (.webp, try TestImages.file(.webp, width: 40, height: 24, layout: .rgba8)),
            (.webp, lossless),
            (
                .webp,
                try WebPFile.extended(lossless, flags: 0x18, width: 40, height: 24, after: [(WebPChunk.exif, exif)])
            ),
            (.webp, try WebPFile.animation(lossless, frames: 3, width: 40, height: 24)),
        ]
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1_000])
    func chunksOfAnySizeGiveTheSameResult(step: Int) throws {
        for (format, bytes) in try Self.samples() {
            let whole = try checkStructure(bytes, format, step: bytes.count)
            #expect(whole.imageEnd == bytes.count && whole.trailingBytes == 0)
            #expect(try checkStructure(bytes, format, step: step) == whole)
            let trailing = bytes + [0xFF, 0xD8, 0xFF, 0x00, 0x42]
            let summary = try checkStructure(trailing, format, step: step)
            #expect(summary.imageEnd == bytes.count && summary.trailingBytes == 5)
        }
    }

    @Test func everyTruncationIsDetected() throws {
        for (format, bytes) in try Self.samples() {
            for count in 0..<bytes.count {
                #expect(throws: CodecError.self, "\(format) at \(count)") {
                    try checkStructure(Array(bytes.prefix(count)), format)
                }
            }
        }
    }

    @Test func theHeaderIsReportedAsSoonAsItCanBeRead() throws {
        for (format, bytes) in try Self.samples() {
            let end = try headerEnd(bytes, format)
            let whole = try readHeader(bytes)
            let first = try readHeader(Array(bytes.prefix(end)))
            #expect(first.size == whole.size && first.hasAlpha == whole.hasAlpha && first.format == format)
            if format == .jpeg { #expect(first == whole) }
            for count in 0..<min(end, 24) {
                #expect(throws: CodecError.self) {
                    _ = try readHeader(Array(bytes.prefix(count)))
                }
            }
        }
    }

    @Test func aWrongCRCIsDetectedInAnyChunk() throws {
        var file = PNGFile(width: 5, height: 5, depth: 8, colorType: 2)
        file.before = [("tEXt", Array("a\0b".utf8))]
        let bytes = file.bytes { x, y, _ in x * y }
        for index in 16..<bytes.count {
            var broken = bytes
            broken[index] ^= 0x10
            #expect(throws: CodecError.self, "byte \(index)") { try checkStructure(broken, .png) }
        }
    }

    @Test func chunksOutOfOrderAreRejected() throws {
        let file = PNGFile(width: 5, height: 5, depth: 8, colorType: 2).bytes { x, y, _ in x * y }
        let header = Array(file[8..<33])
        let data = Array(file[33..<file.count - 12])
        let end = Array(file.suffix(12))
        let text = PNGFile.chunk("tEXt", [65, 0])
        try checkStructure(PNGFile.signature + header + text + data + text + end, .png)
        for chunks in [
            text + header + data + end, header + end, header + header + data + end, header + data + text + data + end,
            header + data + PNGFile.chunk("PLTE", [0, 0, 0]) + end, header + data + PNGFile.chunk("IEND", [0]),
            header + data + PNGFile.chunk("ID T", []) + end,
        ] {
            #expect(throws: CodecError.self) { try checkStructure(PNGFile.signature + chunks, .png) }
        }
    }

    @Test func markersOutOfPlaceAreRejected() throws {
        let file = try TestImages.file(.jpeg, width: 16, height: 16)
        try checkStructure(TestImages.jpeg(file, inserting: [0xFF, 0xFF] + TestImages.segment(0xFE, [])), .jpeg)
        for inserted: [UInt8] in [
            [0xFF, 0xD8], [0xFF, 0xD9], [0xFF, 0x05], [0xFF, 0xFE, 0, 1],
            TestImages.segment(0xDA, [1, 1, 0, 0, 63, 0]),
        ] {
            #expect(throws: CodecError.self) { try checkStructure(TestImages.jpeg(file, inserting: inserted), .jpeg) }
        }
    }

    @Test func restartMarkersAndStuffedBytesBelongToTheScan() throws {
        let scan: [UInt8] = [0xFF, 0x00, 0xFF, 0xD0, 1, 2, 0xFF, 0xFF, 0x00, 0xFF, 0xD7]
        let file: [UInt8] =
            [0xFF, 0xD8] + TestImages.segment(0xC0, [8, 0, 1, 0, 1, 1, 1, 0x11, 0])
            + TestImages.segment(0xDA, [1, 1, 0, 0, 63, 0]) + scan + [0xFF, 0xDC, 0, 4, 0, 1] + [0xFF, 0xD9]
        for step in 1...file.count {
            #expect(try checkStructure(file, .jpeg, step: step).imageEnd == file.count)
        }
    }

    @Test func limitsAtAndAboveTheirValue() throws {
        let file = try TestImages.file(.jpeg, width: 16, height: 16)
        let scans = (0..<file.count - 1).count { file[$0] == 0xFF && file[$0 + 1] == 0xDA }
        #expect(scans > 1)
        try checkStructure(file, .jpeg, limits: CodecLimits(maximumScans: scans))
        #expect(throws: CodecError.tooLarge(limit: "the number of scans", value: scans, maximum: scans - 1)) {
            try checkStructure(file, .jpeg, limits: CodecLimits(maximumScans: scans - 1))
        }
        for format in ImageFormat.allCases {
            let bytes = try TestImages.file(format, width: 20, height: 10)
            for (limit, isGood) in [(199, false), (200, true), (201, true)] {
                let info = try? readHeader(bytes, limits: CodecLimits(maximumPixels: limit))
                #expect((info != nil) == isGood)
            }
        }
    }
}

extension StructureCheckTests {
    @Test func aFileOfEmptySegmentsIsRejected() throws {
        let file = try TestImages.file(.jpeg, width: 16, height: 16)
        let segments = [[UInt8]](repeating: TestImages.segment(0xFE, []), count: 500).flatMap(\.self)
        let stuffed = TestImages.jpeg(file, inserting: segments)
        #expect(throws: CodecError.self) {
            try checkStructure(stuffed, .jpeg, limits: CodecLimits(maximumChunks: 500))
        }
        #expect(throws: CodecError.tooLarge(limit: "the number of segments", value: 501, maximum: 500)) {
            _ = try readHeader(stuffed, limits: CodecLimits(maximumChunks: 500))
        }
        _ = try readHeader(stuffed, limits: CodecLimits(maximumChunks: 600))
    }

    /// Segments and chunks of every format have one limit, for the structure check and the header reader alike. A file
    /// at the limit is accepted.
    @Test func segmentsAndChunksHaveALimit() throws {
        let jpeg = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 16, height: 16),
            inserting: Array([[UInt8]](repeating: TestImages.segment(0xFE, []), count: 300).joined()))
        var png = PNGFile(width: 4, height: 4, depth: 8, colorType: 0)
        png.before = [(String, [UInt8])](repeating: ("tEXt", [65, 0]), count: 300)
        let image = try TestImages.file(.webp, width: 16, height: 16)
        let coded = try #require(try WebPChunks.all(in: image.span.bytes).first { $0.name == WebPChunk.lossy })
        let webp = WebPChunk.file(
            [WebPChunk.encode(WebPChunk.extended, [0, 0, 0, 0, 15, 0, 0, 15, 0, 0])]
                + [[UInt8]](repeating: WebPChunk.encode(FourCC("UNKN"), [1, 2]), count: 300)
                + [WebPChunk.encode(coded.name, Array(image[coded.data]))])
        let files: [(ImageFormat, [UInt8])] = [(.jpeg, jpeg), (.png, png.bytes { x, y, _ in x * y }), (.webp, webp)]
        for (format, file) in files {
            // The count of the structure check. A header may end earlier.
            let count = try #require(
                (290...400).first { limit in
                    (try? checkStructure(file, format, limits: CodecLimits(maximumChunks: limit))) != nil
                })
            for limit in [count, count + 1] {
                try checkStructure(file, format, limits: CodecLimits(maximumChunks: limit))
                #expect(try readHeader(file, limits: CodecLimits(maximumChunks: limit)).format == format)
            }
            let error = CodecError.tooLarge(limit: "the number of segments", value: count, maximum: count - 1)
            #expect(throws: error) {
                try checkStructure(file, format, limits: CodecLimits(maximumChunks: count - 1))
            }
            #expect(throws: CodecError.self) { _ = try readHeader(file, limits: CodecLimits(maximumChunks: 299)) }
        }
    }
}
