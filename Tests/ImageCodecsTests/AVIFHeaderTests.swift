import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Properties of an AVIF's picture (colours, clean aperture), and limits on repeated boxes and entries.
@Suite struct AVIFHeaderTests {
    private static func numbers(_ primaries: Int, _ transfer: Int, _ matrix: Int) -> [UInt8] {
        AVIFFile.box(
            "colr",
            Array("nclx".utf8) + [primaries, transfer, matrix].flatMap { [0, UInt8($0)] } + [0x80])
    }

    private static func picture(_ properties: [[UInt8]]) throws -> [UInt8] {
        var file = AVIFBuilder()
        file.add(1, try .flat([217, 37, 76], width: 40, height: 30), properties: properties)
        return file.bytes
    }

    /// If one of the three numbers was "unspecified", the decoder once ignored the other two, and colours became dull.
    @Test(arguments: [
        // The stored numbers, and their meaning. The defaults are BT.709, the curve of sRGB, and the matrix of BT.601.
        ([12, 2, 6], [12, 13, 6]), ([2, 13, 6], [1, 13, 6]), ([12, 13, 2], [12, 13, 6]), ([12, 2, 2], [12, 13, 6]),
        ([2, 16, 6], [1, 16, 6]), ([9, 2, 6], [9, 13, 6]), ([2, 4, 6], [1, 4, 6]), ([2, 8, 2], [1, 8, 6]),
        ([2, 2, 6], [1, 13, 6]), ([2, 2, 2], [1, 13, 6]),
    ])
    func unspecifiedColourNumbersHaveDefaults(written: [Int], meant: [Int]) throws {
        let file = try Self.picture([Self.numbers(written[0], written[1], written[2])])
        let control = try Self.picture([Self.numbers(meant[0], meant[1], meant[2])])
        #expect(try Picture(decoding: file, colors: .sRGB) == Picture(decoding: control, colors: .sRGB))
        #expect(try readHeader(file).colorProfile == readHeader(control).colorProfile)
        let isPlain = meant[0] == 1 && meant[1] == 13
        #expect(try (Picture(decoding: file, colors: .sRGB) == Picture(decoding: file)) == isPlain)
    }

    /// The first of two boxes of colour numbers counts. libavif rejected such files.
    @Test func theFirstOfTwoColourBoxesCounts() throws {
        let file = try Self.picture([Self.numbers(12, 13, 6), Self.numbers(1, 13, 6)])
        let control = try Self.picture([Self.numbers(12, 13, 6)])
        #expect(try Picture(decoding: file, colors: .sRGB) == Picture(decoding: control, colors: .sRGB))
    }

    /// A clean aperture from its eight numbers: width, height, and the distance of its middle from the picture's
    /// middle.
    private static func aperture(_ values: [Int]) -> [UInt8] {
        AVIFFile.box("clap", Array(values.map { PNGFile.long($0 & 0xFFFF_FFFF) }.joined()))
    }

    /// None of these is a reason to reject a file. The aperture is rounded, cut at the picture's borders, or ignored.
    /// Metadata and picture agree.
    @Test(arguments: [
        // Half a pixel outside, and half a pixel inside.
        ([40, 1, 20, 1, 1, 2, 1, 2], 40, 20), ([40, 1, 30, 1, -1, 2, 0, 1], 39, 30),
        ([39, 1, 29, 1, 0, 1, 0, 1], 39, 29),
        ([79, 2, 59, 2, 0, 1, 0, 1], 40, 30),
        // Denominators of zero, and negative ones.
        ([20, 0, 20, 1, 0, 1, 0, 1], 40, 30), ([20, 1, 20, 1, 0, 0, 0, 1], 40, 30),
        ([20, 1, 20, 1, 0, 1, 0, 0], 40, 30),
        // Empty, negative, and too large.
        ([0, 1, 20, 1, 0, 1, 0, 1], 40, 30), ([1, 3, 20, 1, 0, 1, 0, 1], 40, 30),
        ([-20, 1, 20, 1, 0, 1, 0, 1], 40, 30),
        ([80, 1, 60, 1, 0, 1, 0, 1], 40, 30), ([0x7FFF_FFFF, 1, 0x7FFF_FFFF, 1, 0, 1, 0, 1], 40, 30),
        // Completely outside, and partly outside.
        ([10, 1, 10, 1, 100, 1, 0, 1], 40, 30), ([10, 1, 10, 1, 0, 1, -100, 1], 40, 30),
        ([20, 1, 20, 1, 20, 1, 0, 1], 10, 20), ([20, 1, 20, 1, -20, 1, 10, 1], 10, 15),
        ([10, 1, 10, 1, 0x7FFF_FFFF, 1, -0x7FFF_FFFF, 1], 40, 30),
        // Correct ones, with thirds.
        ([60, 3, 60, 3, -15, 3, 15, 3], 20, 20),
    ])
    func aCleanApertureIsNoReasonToReject(values: [Int], width: Int, height: Int) throws {
        let file = try Self.picture([Self.aperture(values)])
        let info = try readHeader(file)
        #expect(info.size == PixelSize(width: width, height: height))
        let picture = try Picture(decoding: file)
        #expect(picture.width == width && picture.height == height)
        try checkStructure(file, .avif)
    }

    /// An aperture that is too short is ignored.
    @Test func aShortCleanApertureIsIgnored() throws {
        let file = try Self.picture([AVIFFile.box("clap", PNGFile.long(20) + PNGFile.long(1))])
        #expect(try readHeader(file).size == PixelSize(width: 40, height: 30))
        #expect(try Picture(decoding: file).width == 40)
    }

    // MARK: Limits

    private typealias Counts = AVIFItems.Counts

    private static func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }

    private static func box(_ name: String, _ parts: [[UInt8]]) -> [UInt8] {
        AVIFFile.full(name, Array(parts.joined()))
    }

    /// A header with `count` entries of one kind, in boxes of at most `most` entries.
    private static func header(_ kind: String, _ count: Int, each most: Int = .max) -> [UInt8] {
        var boxes: [[UInt8]] = []
        var left = count
        while left > 0 {
            let some = min(left, most)
            left -= some
            switch kind {
            case "the number of item references in the AVIF":
                // A reference box counts, and so does each item that it names.
                let lists = stride(from: 0, to: some, by: 1_001).map { start -> [UInt8] in
                    let names = min(1_000, some - start - 1)
                    return AVIFFile.box(
                        "cdsc", short(2) + short(names) + [UInt8]([[UInt8]](repeating: short(1), count: names).joined())
                    )
                }
                boxes.append(box("iref", lists))
            case "the number of items in the AVIF":
                let entry = AVIFFile.box("infe", [2, 0, 0, 0] + short(9) + [0, 0] + Array("mime".utf8) + [0])
                boxes.append(box("iinf", [short(some)] + [[UInt8]](repeating: entry, count: some)))
            case "the number of item properties in the AVIF":
                let list = [[UInt8]](repeating: AVIFFile.box("free", []), count: some)
                boxes.append(AVIFFile.box("iprp", AVIFFile.box("ipco", Array(list.joined()))))
            case "the number of property associations in the AVIF":
                // Each entry counts, and so does each property that it names.
                let entries = stride(from: 0, to: some, by: 101).map { start -> [UInt8] in
                    let names = min(100, some - start - 1)
                    return short(9) + [UInt8(names)] + [UInt8](repeating: 1, count: names)
                }
                boxes.append(
                    AVIFFile.box("iprp", AVIFFile.full("ipma", PNGFile.long(entries.count) + Array(entries.joined()))))
            case "the number of item extents in the AVIF":
                let entries = stride(from: 0, to: some, by: 1_000).map { start -> [UInt8] in
                    let extents = min(1_000, some - start)
                    return short(9) + short(0) + short(extents)
                        + [UInt8]([[UInt8]](repeating: PNGFile.long(0) + PNGFile.long(1), count: extents).joined())
                }
                boxes.append(box("iloc", [[0x44, 0] + short(entries.count)] + entries))
            default: boxes.append([UInt8]([[UInt8]](repeating: AVIFFile.box("free", []), count: some).joined()))
            }
        }
        return AVIFFile.header(width: 64, height: 48, beside: Array(boxes.joined()))
    }

    /// The number of entries in the header before a test adds any.
    private static let plain: [String: Int] = [
        "the number of item references in the AVIF": 0, "the number of items in the AVIF": 1,
        "the number of item properties in the AVIF": 2, "the number of property associations in the AVIF": 3,
        "the number of item extents in the AVIF": 0, "the number of boxes in the AVIF's header": 5,
    ]

    /// An AVIF of 8 MB with 590,000 references in several boxes blocked an event loop for a second. Entries that may be
    /// repeated have a limit over all boxes together.
    @Test(
        arguments: [
            ("the number of item references in the AVIF", Counts.maximumReferences),
            ("the number of items in the AVIF", Counts.maximumItems),
            ("the number of item properties in the AVIF", Counts.maximumProperties),
            ("the number of property associations in the AVIF", Counts.maximumAssociations),
            ("the number of item extents in the AVIF", Counts.maximumExtents),
            ("the number of boxes in the AVIF's header", Counts.maximumBoxes),
        ],
        [Int.max, 1_500])
    func repeatedBoxesHaveALimit(_ limit: (name: String, maximum: Int), each most: Int) throws {
        // If there are two location tables, only the first one is read.
        if limit.name.contains("extents"), most != .max { return }
        let before = try #require(Self.plain[limit.name])
        // A box of properties is also a box.
        func file(_ total: Int) -> [UInt8] { Self.header(limit.name, total - before, each: most) }
        #expect(try readHeader(file(limit.maximum - 1)).size.width == 64)
        #expect(try readHeader(file(limit.maximum)).size.width == 64)
        for more in [1, 1_000, 300_000] {
            do {
                _ = try readHeader(file(limit.maximum + more))
                Issue.record("\(limit.name): nothing was rejected")
            } catch CodecError.tooLarge(let name, let value, let maximum) {
                #expect(name == limit.name && maximum == limit.maximum && value > maximum)
            }
        }
    }

    /// The work for a header grows with its length, and stops at the limits.
    @Test func workIsBoundedByTheLengthOfTheFile() throws {
        func steps(_ file: [UInt8]) throws -> Int {
            let bytes = file.span.bytes
            let meta = try #require(
                AVIFBox.children(bytes, in: 0..<bytes.byteCount).first { $0.name == AVIFBox.metadata })
            let read = try AVIFItems.read(bytes, meta: meta)
            return try #require(read).counts.total
        }
        for (name, before) in Self.plain {
            let once = try steps(Self.header(name, 2_000 - before, each: 500))
            let twice = try steps(Self.header(name, 4_000 - before, each: 500))
            #expect(twice <= 2 * once && twice < 4_100, "\(name): \(once), \(twice)")
        }
    }

    @Test func tilesHaveALimit() throws {
        let tile = try AVIFBuilder.Coded.flat([9, 99, 200], width: 64, height: 64)
        func decode(_ tiles: Int) throws {
            var file = AVIFBuilder()
            file.add(2, tile)
            file.addGrid(
                1, columns: 1, rows: 1, size: PixelSize(width: 64, height: 64),
                tiles: [Int](repeating: 2, count: tiles))
            _ = try Picture(decoding: file.bytes)
        }
        let maximum = Counts.maximumItems
        for tiles in [maximum - 1, maximum] {
            #expect(throws: CodecError.damaged("a grid that does not fit its tiles in the AVIF")) {
                try decode(tiles)
            }
        }
        #expect(
            throws: CodecError.tooLarge(
                limit: "the number of tiles in the AVIF", value: maximum + 1, maximum: maximum)
        ) { try decode(maximum + 1) }
    }

    @Test func boxesOfASequenceHaveALimit() throws {
        func header(_ boxes: Int) throws -> ImageInfo {
            let tracks = [UInt8]([[UInt8]](repeating: AVIFFile.box("trak", []), count: boxes).joined())
            return try readHeader(
                AVIFFile.header(width: 64, height: 48, brand: "avis") + AVIFFile.box("moov", tracks))
        }
        #expect(try header(AVIFMovie.maximumBoxes - 1).frames == nil)
        #expect(try header(AVIFMovie.maximumBoxes).frames == nil)
        #expect(throws: CodecError.self) { _ = try header(AVIFMovie.maximumBoxes + 1) }
    }

    /// Boxes at the top level of the file.
    @Test func boxesOfTheFileHaveALimit() throws {
        let limits = CodecLimits(maximumChunks: 50)
        func file(_ boxes: Int) -> [UInt8] {
            let type = AVIFFile.box("ftyp", Array("avif".utf8) + [0, 0, 0, 0] + Array("avif".utf8))
            let free = [UInt8]([[UInt8]](repeating: AVIFFile.box("free", []), count: boxes - 2).joined())
            return type + free + AVIFFile.header(width: 64, height: 48).dropFirst(24)
        }
        for count in [49, 50] {
            #expect(try readHeader(file(count), limits: limits).size.width == 64)
            try checkStructure(file(count), .avif, limits: limits)
        }
        let error = CodecError.tooLarge(limit: "the number of segments", value: 51, maximum: 50)
        #expect(throws: error) { _ = try readHeader(file(51), limits: limits) }
        #expect(throws: error) { try checkStructure(file(51), .avif, limits: limits) }
    }
}
