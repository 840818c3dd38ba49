import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Which items of an AVIF form the picture that is shown.
@Suite struct AVIFPictureTests {
    private let red: [UInt8] = [230, 20, 30]
    private let green: [UInt8] = [20, 210, 40]
    private let blue: [UInt8] = [30, 40, 220]
    private let grey: [UInt8] = [128, 128, 128]

    private func isNear(_ pixel: ArraySlice<UInt8>, _ color: [UInt8], within: Int = 12) -> Bool {
        zip(pixel, color).allSatisfy { abs(Int($0) - Int($1)) <= within }
    }

    private func memory(_ file: [UInt8]) throws -> Int {
        ImageDecoder.memoryBytes(file: file.span.bytes, info: try readHeader(file), limits: CodecLimits())
    }

    /// A second picture, a gain map, a depth map or a thumbnail may be larger than the picture. Nobody decodes it, but
    /// the server compared it with the picture's size, and every rendition was 422.
    @Test(arguments: ["", "thmb", "auxl", "cdsc"])
    func anotherItemMayBeLarger(reference: String) throws {
        var file = AVIFBuilder()
        file.add(1, try .flat(red, width: 40, height: 30))
        let plain = try memory(file.bytes)
        let depth = AVIFFile.full("auxC", Array("urn:mpeg:mpegB:cicp:systems:auxiliary:depth".utf8) + [0])
        file.add(2, try .flat(green, width: 120, height: 90), properties: reference == "auxl" ? [depth] : [])
        if !reference.isEmpty { file.references.append((reference, 2, [1])) }
        let info = try readHeader(file.bytes)
        #expect(info.size == PixelSize(width: 40, height: 30) && !info.hasAlpha)
        let picture = try Picture(decoding: file.bytes)
        #expect(picture.width == 40 && isNear(picture[20, 15], red))
        #expect(try memory(file.bytes) == plain)
    }

    /// A gain map with its derived item (`tmap`). It comes first in the file and is larger.
    @Test func aGainMapMayBeLarger() throws {
        var file = AVIFBuilder()
        file.add(3, try .flat(green, width: 200, height: 150))
        file.items.append(.init(id: 4, type: "tmap", data: [0, 0, 0, 0]))
        file.add(1, try .flat(red, width: 40, height: 30))
        file.references.append(("dimg", 4, [1, 3]))
        #expect(isNear(try Picture(decoding: file.bytes)[1, 1], red))
    }

    /// Every decoded item counts. Alpha that is larger than the picture is scaled to the picture, and its memory
    /// counts. Alpha that is large but states a small size is rejected.
    @Test func alphaOfAnotherSizeIsCounted() throws {
        var file = AVIFBuilder()
        file.add(1, try .flat(red, width: 40, height: 30))
        let plain = try memory(file.bytes)
        let alpha = try AVIFBuilder.Coded.alpha(77, width: 400, height: 300)
        file.add(2, alpha, properties: [AVIFBuilder.alphaKind])
        file.references.append(("auxl", 2, [1]))
        #expect(try readHeader(file.bytes).hasAlpha)
        let picture = try Picture(decoding: file.bytes)
        #expect(picture.channels == 4 && isNear(picture[20, 15], red + [77]))
        #expect(try memory(file.bytes) > plain + 400 * 300 * 12)

        var liar = alpha
        liar.size = PixelSize(width: 40, height: 30)
        file.items.removeLast()
        file.add(2, liar, properties: [AVIFBuilder.alphaKind])
        #expect(throws: CodecError.self) { _ = try Picture(decoding: file.bytes) }
        // If it states more pixels than the limit, nothing is decoded at all.
        liar.size = PixelSize(width: 20_000, height: 20_000)
        file.items.removeLast()
        file.add(2, liar, properties: [AVIFBuilder.alphaKind])
        #expect(
            throws: CodecError.tooLarge(limit: "the number of pixels", value: 400_000_000, maximum: 120_000_000)
        ) { _ = try Picture(decoding: file.bytes) }
    }

    /// The tiles have the order of the references, whatever their ids and positions are. libavif 0.11 orders them by
    /// id.
    @Test(arguments: [[2, 3, 4, 5], [5, 4, 3, 2], [3, 5, 2, 4]])
    func tilesAreInTheOrderOfTheGrid(order: [Int]) throws {
        for isInMeta in [false, true] {
            var file = AVIFBuilder()
            for id in [2, 3, 4, 5] {
                let color = [red, green, blue, grey][order.firstIndex(of: id) ?? 0]
                file.add(id, try .flat(color, width: 64, height: 64))
            }
            file.addGrid(
                1, columns: 2, rows: 2, size: PixelSize(width: 120, height: 100), tiles: order, isInMeta: isInMeta)
            let picture = try Picture(decoding: file.bytes)
            #expect(picture.width == 120 && picture.height == 100)
            #expect(isNear(picture[10, 10], red) && isNear(picture[110, 10], green))
            #expect(isNear(picture[10, 90], blue) && isNear(picture[110, 90], grey))
            try checkStructure(file.bytes, .avif)
        }
    }

    /// A tile that is shown twice, a tile that is much larger than the picture, and data in several extents.
    @Test func oddGridsAreShown() throws {
        var file = AVIFBuilder()
        file.add(2, try .flat(red, width: 64, height: 64), extents: 3)
        file.add(3, try .flat(green, width: 64, height: 64), extents: 2)
        file.addGrid(1, columns: 3, rows: 1, size: PixelSize(width: 192, height: 64), tiles: [2, 3, 2])
        let picture = try Picture(decoding: file.bytes)
        #expect(isNear(picture[10, 10], red) && isNear(picture[100, 10], green) && isNear(picture[180, 10], red))

        var single = AVIFBuilder()
        single.add(2, try .flat(blue, width: 512, height: 512))
        single.addGrid(1, columns: 1, rows: 1, size: PixelSize(width: 64, height: 64), tiles: [2])
        #expect(try readHeader(single.bytes).size == PixelSize(width: 64, height: 64))
        #expect(isNear(try Picture(decoding: single.bytes)[63, 63], blue))
        #expect(try memory(single.bytes) > 512 * 512 * 12)
    }

    /// All tiles are in memory at the same time.
    @Test func tilesAreCountedTogether() throws {
        let tile = try AVIFBuilder.Coded.flat(red, width: 64, height: 64)
        func grid(_ columns: Int) throws -> Int {
            var file = AVIFBuilder()
            file.add(2, tile)
            file.addGrid(
                1, columns: columns, rows: 16, size: PixelSize(width: 64 * columns, height: 1_024),
                tiles: [Int](repeating: 2, count: 16 * columns))
            return try memory(file.bytes)
        }
        #expect(try grid(16) - grid(8) > 128 * 64 * 64 * 12)
    }

    @Test func inconsistentGridsAreRejected() throws {
        let tile = try AVIFBuilder.Coded.flat(red, width: 64, height: 64)
        func decode(_ change: (inout AVIFBuilder) -> Void) throws -> Picture {
            var file = AVIFBuilder()
            file.add(2, tile)
            file.add(3, tile)
            file.addGrid(1, columns: 2, rows: 1, size: PixelSize(width: 128, height: 64), tiles: [2, 3])
            change(&file)
            return try Picture(decoding: file.bytes)
        }
        #expect(try decode { _ in }.width == 128)
        // A missing tile, an extra tile, no tile, a tile of another size, a tile that does not exist, and a grid in a
        // grid.
        #expect(throws: CodecError.self) { _ = try decode { $0.references[0].to = [2] } }
        #expect(throws: CodecError.self) { _ = try decode { $0.references[0].to = [2, 3, 2] } }
        #expect(throws: CodecError.self) { _ = try decode { $0.references = [] } }
        #expect(throws: CodecError.self) { _ = try decode { $0.references[0].to = [2, 9] } }
        #expect(throws: CodecError.self) { _ = try decode { $0.references[0].to = [2, 1] } }
        let other = try AVIFBuilder.Coded.flat(red, width: 128, height: 64)
        #expect(throws: CodecError.self) {
            _ = try decode {
                $0.items.removeFirst()
                $0.add(2, other)
            }
        }
        // Data that do not describe a grid, a size that differs from the item's, and no data.
        #expect(throws: CodecError.self) { _ = try decode { $0.items[2].data = [0, 1, 0] } }
        #expect(throws: CodecError.self) { _ = try decode { $0.items[2].data[11] = 63 } }
        #expect(throws: CodecError.self) { _ = try decode { $0.items[2].extents = 0 } }
    }

    /// Each tile of a grid has its own alpha. libavif 0.11 does not look for it, so the picture was opaque although the
    /// metadata said otherwise.
    @Test func alphaOfSingleTilesIsShown() throws {
        var file = AVIFBuilder()
        file.add(2, try .flat(red, width: 64, height: 64))
        file.add(3, try .flat(green, width: 64, height: 64))
        file.addGrid(1, columns: 2, rows: 1, size: PixelSize(width: 128, height: 64), tiles: [2, 3])
        file.add(6, try .alpha(200, width: 64, height: 64), properties: [AVIFBuilder.alphaKind])
        file.add(5, try .alpha(0, width: 64, height: 64), properties: [AVIFBuilder.alphaKind])
        file.references += [("auxl", 5, [2]), ("auxl", 6, [3])]
        #expect(try readHeader(file.bytes).hasAlpha)
        let picture = try Picture(decoding: file.bytes)
        #expect(picture[10, 10].last == 0 && isNear(picture[100, 10], green + [200]))

        // If only some tiles have alpha, the meaning of the other tiles is unknown.
        file.references.removeLast()
        #expect(try readHeader(file.bytes).hasAlpha)
        #expect(throws: CodecError.unsupported("only some tiles of this AVIF have alpha")) {
            _ = try Picture(decoding: file.bytes)
        }
    }

    /// A grid of colours, with one alpha item for all of it, and with a grid of alpha.
    @Test func alphaOfAGridIsShown() throws {
        for isGrid in [false, true] {
            var file = AVIFBuilder()
            file.add(2, try .flat(red, width: 64, height: 64))
            file.add(3, try .flat(green, width: 64, height: 64))
            file.addGrid(1, columns: 2, rows: 1, size: PixelSize(width: 128, height: 64), tiles: [2, 3])
            if isGrid {
                file.add(5, try .alpha(0, width: 64, height: 64))
                file.add(6, try .alpha(99, width: 64, height: 64))
                file.addGrid(
                    4, columns: 2, rows: 1, size: PixelSize(width: 128, height: 64), tiles: [6, 5],
                    properties: [AVIFBuilder.alphaKind])
            } else {
                file.add(4, try .alpha(99, width: 128, height: 64), properties: [AVIFBuilder.alphaKind])
            }
            file.references.append(("auxl", 4, [1]))
            #expect(try readHeader(file.bytes).hasAlpha)
            let picture = try Picture(decoding: file.bytes)
            #expect(isNear(picture[10, 10], red + [99]))
            #expect(isNear(picture[100, 10].suffix(1), [isGrid ? 0 : 99]))
        }
    }

    /// If an alpha item has an essential property that is unknown, it is not shown, and the picture has no alpha. A
    /// picture with such a property is not shown either.
    @Test func itemsWithUnknownEssentialPropertiesAreNotShown() throws {
        let unknown = AVIFFile.box("zzzz", [1])
        for essential in [[], ["zzzz"]] as [Set<String>] {
            var file = AVIFBuilder()
            file.add(1, try .flat(red, width: 40, height: 30))
            file.add(
                2, try .alpha(77, width: 40, height: 30), properties: [AVIFBuilder.alphaKind, unknown],
                essential: essential)
            file.references.append(("auxl", 2, [1]))
            let hasAlpha = essential.isEmpty
            #expect(try readHeader(file.bytes).hasAlpha == hasAlpha)
            #expect(try Picture(decoding: file.bytes).channels == (hasAlpha ? 4 : 3))
        }
        var file = AVIFBuilder()
        file.add(1, try .flat(red, width: 40, height: 30), properties: [unknown], essential: ["zzzz"])
        #expect(throws: CodecError.unsupported("this AVIF has an essential property that is not known")) {
            _ = try Picture(decoding: file.bytes)
        }
    }

    /// Premultiplied colours are divided by alpha again.
    @Test func premultipliedAlphaIsUndone() throws {
        var file = AVIFBuilder()
        file.add(1, try .flat([100, 50, 20], width: 64, height: 64))
        file.add(2, try .alpha(128, width: 64, height: 64), properties: [AVIFBuilder.alphaKind])
        file.references += [("auxl", 2, [1]), ("prem", 1, [2])]
        #expect(isNear(try Picture(decoding: file.bytes)[5, 5], [200, 100, 40, 128]))
    }

    /// Data whose stated position is after the end of the file, and items without data.
    @Test func missingDataAreTruncated() throws {
        var file = AVIFBuilder()
        file.add(1, try .flat(red, width: 40, height: 30))
        let whole = file.bytes
        #expect(throws: CodecError.self) { _ = try Picture(decoding: Array(whole.dropLast(10))) }
        file.items[0].extents = 0
        #expect(throws: CodecError.truncated("the AV1 data are not in the file")) {
            _ = try Picture(decoding: file.bytes)
        }
    }

    /// Extents that overlap could expand to many times the size of the file.
    @Test func overlappingExtentsAreRejected() throws {
        let tile = try AVIFBuilder.Coded.flat(red, width: 64, height: 64)
        var file = AVIFBuilder()
        file.add(2, tile, extents: 2)
        file.addGrid(
            1, columns: 16, rows: 16, size: PixelSize(width: 1_024, height: 1_024),
            tiles: [Int](repeating: 2, count: 256))
        #expect(throws: CodecError.damaged("pieces that overlap in the AVIF")) {
            _ = try Picture(decoding: file.bytes)
        }
        file.items[0].extents = 1
        #expect(try Picture(decoding: file.bytes).width == 1_024)
    }

    /// libavif fails on a track without a size. The sound of a video is such a track.
    @Test func theFirstPictureOfASequenceIsShown() throws {
        let sound = Self.track(kind: "mp4a", samples: 8)
        let film = Self.track(kind: "av01", samples: 5)
        let alpha = Self.track(kind: "av01", samples: 7, references: AVIFFile.box("auxl", PNGFile.long(1)))
        for tracks in [sound + film, film + sound, alpha + sound + film] {
            var file = AVIFBuilder(brands: ["avis", "avif", "mif1"])
            file.add(1, try .flat(red, width: 150, height: 150))
            file.between = AVIFFile.box("moov", tracks)
            let info = try readHeader(file.bytes)
            #expect(info.frames == 5 && info.isAnimation)
            let limits = CodecLimits()
            let first = try ImageDecoder.firstFrame(
                file.bytes.span.bytes, info: info, limits: limits, cancelled: CancelFlag())
            #expect(first.width == 150)
            try checkStructure(file.bytes, .avif)
            // The sequence may also come first.
            let end = try headerEnd(file.bytes, .avif)
            #expect(try readHeader(Array(file.bytes.prefix(end))) == info)
        }
    }

    /// The files of bug reports: their size, and the colours at some positions. Other programs gave the expected
    /// values.
    @Test(
        arguments: [
            ("avif-other-item-larger-than-primary", 40, 30, []),
            ("avif-nclx-p3-control", 120, 90, [(40, 30, [237, 0, 72]), (80, 60, [0, 218, 204])]),
            ("avif-nclx-p3-transfer-unspecified", 120, 90, [(40, 30, [237, 0, 72]), (80, 60, [0, 218, 204])]),
            ("avif-clap-half-pixel", 120, 80, []),
            ("avif-brand-fifth-compatible", 120, 90, []),
            ("avif-grid-dimg-order", 1_024, 770, [(500, 20, [8, 20, 58]), (500, 750, [83, 60, 44])]),
            ("avif-colour-grid-single-alpha", 80, 80, [(2, 2, [0])]),
            ("avif-sequence-with-audio-track", 150, 150, []),
            ("avif-text-behind-the-end", 120, 90, []),
        ] as [(String, Int, Int, [(Int, Int, [UInt8])])])
    func reportedFilesHaveTheExpectedPixels(
        name: String, width: Int, height: Int, places: [(Int, Int, [UInt8])]
    ) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../ReportedImages").standardized
        let file = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name + ".avif")))
        let info = try readHeader(file)
        #expect(info.size == PixelSize(width: width, height: height))
        try checkStructure(file, .avif)
        let limits = CodecLimits()
        let picture = try Picture(
            ImageDecoder.firstFrame(file.span.bytes, info: info, limits: limits, cancelled: CancelFlag()))
        #expect(picture.width == width && picture.height == height && (picture.channels == 4) == info.hasAlpha)
        for (x, y, color) in places {
            let pixel = picture[x, y]
            // Alpha alone, or colours.
            #expect(isNear(color.count == 1 ? pixel.suffix(1) : pixel, color, within: 2), "\(name): \(Array(pixel))")
        }
        if name.contains("audio") { #expect(info.frames == 5) }
    }

    private static func track(kind: String, samples: Int, references: [UInt8] = []) -> [UInt8] {
        let description = AVIFFile.full("stsd", PNGFile.long(1) + AVIFFile.box(kind, [UInt8](repeating: 0, count: 16)))
        let table = AVIFFile.full("stsz", PNGFile.long(9) + PNGFile.long(samples))
        let media = AVIFFile.box("mdia", AVIFFile.box("minf", AVIFFile.box("stbl", description + table)))
        return AVIFFile.box(
            "trak",
            AVIFFile.full("tkhd", [UInt8](repeating: 0, count: 80)) + media
                + (references.isEmpty ? [] : AVIFFile.box("tref", references)))
    }
}
