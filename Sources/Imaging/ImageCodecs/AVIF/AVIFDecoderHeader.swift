import ImageModel

/// The boxes that libavif gets in place of the file's own: only the items of the shown picture, with tiles numbered in
/// the order of the grid.
///
/// libavif 0.11
/// - orders tiles by their numbers and not by the grid's references,
/// - applies its limits to items that it never decodes,
/// - does not see the alpha of single tiles,
/// - fails if a film has sound,
/// - searches its items anew for each reference.
///
/// None of that can happen with items that it does not see. The AV1 data stays where it is: offsets in these boxes
/// count from their beginning, as if the file followed them.
struct AVIFDecoderHeader {
    let bytes: [UInt8]

    /// - Parameter file: the whole file.
    /// - Throws: `truncated` if data is missing; `damaged` for an inconsistent grid.
    init(_ file: RawSpan, picture: AVIFPicture) throws(CodecError) {
        var writer = Writer()
        let numbers = picture.colors.map { [Self.box($0, file, atMost: 11)] } ?? []
        let color = try writer.add(picture.color, file, size: picture.size, beside: numbers)
        if let layer = picture.alpha {
            let alpha = try writer.add(layer, file, size: picture.size, beside: [Self.alphaKind])
            writer.references.append(("auxl", alpha, [color]))
            if picture.isPremultiplied { writer.references.append(("prem", color, [alpha])) }
        }
        // Offsets have eight bytes each, so the second pass has the same length.
        bytes = writer.boxes(base: writer.boxes(base: 0).count)
    }

    /// The number of columns and rows, and the size of the whole.
    private struct Grid {
        var rows: UInt8
        var columns: UInt8

        /// ImageGrid (ISO/IEC 23008-12, 6.6.2.3).
        init?(_ bytes: [UInt8], size: PixelSize) {
            let isLong = bytes.count >= 2 && bytes[1] & 1 == 1
            guard bytes.count >= (isLong ? 12 : 8), bytes[0] == 0 else { return nil }
            func number(_ at: Int) -> Int { Int(bytes[at]) << 8 | Int(bytes[at + 1]) }
            let width = isLong ? number(4) << 16 | number(6) : number(4)
            let height = isLong ? number(8) << 16 | number(10) : number(6)
            guard PixelSize(width: width, height: height) == size else { return nil }
            rows = bytes[2]
            columns = bytes[3]
        }

        var tiles: Int { (Int(rows) + 1) * (Int(columns) + 1) }
    }

    private struct Item {
        var type: StaticString
        var properties: [Int]
        /// In the file; or for a grid, in the item data of these boxes.
        var pieces: [Range<Int>]
        var isOwn = false
    }

    private struct Writer {
        var items: [Item] = []
        var properties: [[UInt8]] = []
        var known: [[UInt8]: Int] = [:]
        var references: [(StaticString, Int, [Int])] = []
        var data: [UInt8] = []
        var mergedBytes = 0
        private var count = 0

        /// Returns the number of the item that represents the whole layer.
        mutating func add(
            _ layer: AVIFPicture.Layer, _ file: RawSpan, size: PixelSize, beside shared: [[UInt8]]
        ) throws(CodecError) -> Int {
            guard let pieces = layer.grid else {
                guard let part = layer.parts.first else { throw .internalError("a layer without a part") }
                return try add(part, file, beside: shared)
            }
            guard let grid = Grid(try Self.collect(pieces, file), size: size), grid.tiles == layer.parts.count else {
                throw .damaged("a grid that does not fit its tiles in the AVIF")
            }
            let start = data.count
            data += [0, 1, grid.rows, grid.columns] + long(size.width) + long(size.height)
            let own = add(
                Item(
                    type: "grid", properties: ([extents(size)] + shared).map { property($0) },
                    pieces: [start..<data.count], isOwn: true))
            var tiles: [Int] = []
            for part in layer.parts { tiles.append(try add(part, file, beside: [])) }
            references.append(("dimg", own, tiles))
            return own
        }

        private mutating func add(
            _ part: AVIFPicture.Part, _ file: RawSpan, beside shared: [[UInt8]]
        ) throws(CodecError) -> Int {
            try check(part.pieces, file)
            // libavif reads no property with more bytes; longer ones would be copied for each tile.
            let own =
                [extents(part.shownSize)] + part.properties.map { AVIFDecoderHeader.box($0, file, atMost: 13) } + shared
            return add(Item(type: "av01", properties: own.map { property($0) }, pieces: part.pieces))
        }

        private mutating func add(_ item: Item) -> Int {
            items.append(item)
            return items.count
        }

        private mutating func property(_ box: [UInt8]) -> Int {
            if let number = known[box] { return number }
            properties.append(box)
            known[box] = properties.count
            return properties.count
        }

        /// Overlapping pieces, joined, could be many times as large as the file.
        private mutating func check(_ pieces: [Range<Int>], _ file: RawSpan) throws(CodecError) {
            guard !pieces.isEmpty, pieces.contains(where: { !$0.isEmpty }) else {
                throw .truncated("the AV1 data are not in the file")
            }
            guard pieces.allSatisfy({ $0.upperBound <= file.byteCount }) else {
                throw .truncated("the AV1 data of the AVIF end too early")
            }
            count += pieces.count
            guard count <= Self.maximumPieces else {
                throw .tooLarge(limit: "the number of pieces of the AVIF", value: count, maximum: Self.maximumPieces)
            }
            guard pieces.count > 1 else { return }
            mergedBytes += pieces.reduce(0) { $0 + $1.count }
            guard mergedBytes <= file.byteCount else { throw .damaged("pieces that overlap in the AVIF") }
        }

        /// For all tiles together: an item's pieces count as often as it is shown.
        private static let maximumPieces = 65_536

        private static func collect(_ pieces: [Range<Int>], _ file: RawSpan) throws(CodecError) -> [UInt8] {
            var result: [UInt8] = []
            for piece in pieces {
                guard piece.upperBound <= file.byteCount else {
                    throw .truncated("the grid of the AVIF ends too early")
                }
                result += file.copy(piece.lowerBound..<min(piece.upperBound, piece.lowerBound + 12))
                if result.count >= 12 { break }
            }
            return result
        }

        // MARK: Boxes

        /// - Parameter base: the offset of the file from the beginning of these boxes.
        func boxes(base: Int) -> [UInt8] {
            let handler = full("hdlr", long(0) + Array("pict".utf8) + [UInt8](repeating: 0, count: 13))
            var table: [UInt8] = [0x88, 0] + short(items.count)
            var entries: [UInt8] = short(items.count)
            var links: [UInt8] = long(items.count)
            for (index, item) in items.enumerated() {
                let number = short(index + 1)
                table += number + [0, item.isOwn ? 1 : 0, 0, 0] + short(item.pieces.count)
                for piece in item.pieces {
                    table += wide(piece.lowerBound + (item.isOwn ? 0 : base)) + wide(piece.count)
                }
                entries += box("infe", [2, 0, 0, 0] + number + [0, 0] + Array(item.type.description.utf8) + [0])
                links += number + [UInt8(item.properties.count)]
                // libavif requires these to be marked as essential, and others not to be.
                for property in item.properties {
                    let box = properties[property - 1]
                    let isEssential = ["a1op", "lsel"].contains { box[4..<8].elementsEqual($0.utf8) }
                    links += short(property | (isEssential ? 0x8000 : 0))
                }
            }
            var content =
                handler + full("pitm", short(1)) + full("iloc", table, version: 1) + full("iinf", entries)
                + box("iprp", box("ipco", Array(properties.joined())) + full("ipma", links, flags: 1))
            let lists = references.map { reference in
                box(
                    reference.0,
                    short(reference.1) + short(reference.2.count) + reference.2.flatMap { short($0) })
            }
            if !lists.isEmpty { content += full("iref", Array(lists.joined())) }
            if !data.isEmpty { content += box("idat", data) }
            return box("ftyp", Array("avif".utf8) + long(0) + Array("avifmif1".utf8)) + full("meta", content)
        }

        private func extents(_ size: PixelSize) -> [UInt8] { full("ispe", long(size.width) + long(size.height)) }

        private func box(_ name: StaticString, _ content: [UInt8]) -> [UInt8] {
            AVIFDecoderHeader.box(name, content)
        }

        private func full(
            _ name: StaticString, _ content: [UInt8], version: UInt8 = 0, flags: UInt8 = 0
        ) -> [UInt8] {
            box(name, [version, 0, 0, flags] + content)
        }

        private func short(_ value: Int) -> [UInt8] { AVIFDecoderHeader.bytes(value, 2) }
        private func long(_ value: Int) -> [UInt8] { AVIFDecoderHeader.bytes(value, 4) }
        private func wide(_ value: Int) -> [UInt8] { AVIFDecoderHeader.bytes(value, 8) }
    }

    /// A property's box, cut off after the part that libavif reads.
    private static func box(_ box: AVIFBox, _ file: RawSpan, atMost bytes: Int) -> [UInt8] {
        let content = box.content.lowerBound..<min(box.content.upperBound, box.content.lowerBound + bytes)
        return self.bytes(content.count + 8, 4) + box.name.bytes + file.copy(content)
    }

    private static let alphaKind = box(
        "auxC", [0, 0, 0, 0] + Array("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha".utf8) + [0])

    private static func box(_ name: StaticString, _ content: [UInt8]) -> [UInt8] {
        bytes(content.count + 8, 4) + Array(name.description.utf8) + content
    }

    private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }
}
