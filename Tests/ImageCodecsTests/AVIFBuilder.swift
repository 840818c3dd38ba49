import ImageModel
import Testing

@testable import ImageCodecs

/// Builds an AVIF from the AV1 data of any pictures, with the items, properties and references that a test needs.
struct AVIFBuilder {
    struct Item {
        var id: Int
        var type = "av01"
        var data: [UInt8] = []
        /// Boxes. Those with a name in `essential` are marked as essential.
        var properties: [[UInt8]] = []
        var essential: Set<String> = []
        /// The data are split into this many extents.
        var extents = 1
        var isInMeta = false
    }

    var brands = ["avif", "mif1", "miaf"]
    var items: [Item] = []
    var references: [(name: String, from: Int, to: [Int])] = []
    var primary = 1
    /// More boxes in meta, and between meta and mdat.
    var beside: [UInt8] = []
    var between: [UInt8] = []

    /// AV1 data of a picture, with the boxes that it needs.
    struct Coded {
        var data: [UInt8]
        var configuration: [UInt8]
        var size: PixelSize

        var extents: [UInt8] { AVIFFile.full("ispe", PNGFile.long(size.width) + PNGFile.long(size.height)) }
        var properties: [[UInt8]] { [extents, configuration] }

        /// The primary item of an AVIF.
        init(_ file: [UInt8], alpha: Bool = false) throws {
            let bytes = file.span.bytes
            let meta = try #require(
                AVIFBox.children(bytes, in: 0..<bytes.byteCount).first { $0.name == AVIFBox.metadata })
            let read = try AVIFItems.read(bytes, meta: meta)
            let items = try #require(read)
            var item = try #require(items.primary)
            if alpha { item = try #require(items.auxiliaries[item]?.first) }
            data = Array(file[try #require(items.locations[item])])
            configuration = Array(file[try #require(items.properties(FourCC("av1C"), of: item).first).range])
            size = try readHeader(file).size
        }

        /// A picture of one colour.
        static func flat(_ color: [UInt8], width: Int, height: Int) throws -> Coded {
            try Coded(AVIFBuilder.flat(color, width: width, height: height), alpha: false)
        }

        /// The alpha plane of a picture that has the same alpha everywhere.
        static func alpha(_ value: UInt8, width: Int, height: Int) throws -> Coded {
            try Coded(AVIFBuilder.flat([9, 9, 9, value], width: width, height: height), alpha: true)
        }
    }

    static func flat(_ color: [UInt8], width: Int, height: Int) throws -> [UInt8] {
        var pixels = try PixelBuffer(width: width, height: height, layout: color.count == 4 ? .rgba8 : .rgb8)
        pixels.withMutableSamples { samples in
            for index in 0..<samples.count { samples[index] = color[index % color.count] }
        }
        return try ImageEncoder.encode(
            pixels, format: .avif, quality: 95, metadata: nil, cancelled: CancelFlag())
    }

    mutating func add(
        _ id: Int, _ coded: Coded, properties: [[UInt8]] = [], essential: Set<String> = [], extents: Int = 1
    ) {
        items.append(
            Item(
                id: id, data: coded.data, properties: coded.properties + properties, essential: essential,
                extents: extents))
    }

    static let alphaKind = AVIFFile.full(
        "auxC", Array("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha".utf8) + [0])

    /// Adds a grid of this size made of these tiles.
    mutating func addGrid(
        _ id: Int, columns: Int, rows: Int, size: PixelSize, tiles: [Int], properties: [[UInt8]] = [],
        isInMeta: Bool = false
    ) {
        let data =
            [0, 1, UInt8(rows - 1), UInt8(columns - 1)] + PNGFile.long(size.width) + PNGFile.long(size.height)
        let extents = AVIFFile.full("ispe", PNGFile.long(size.width) + PNGFile.long(size.height))
        items.append(
            Item(id: id, type: "grid", data: data, properties: [extents] + properties, isInMeta: isInMeta))
        references.append(("dimg", id, tiles))
    }

    private static func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }

    var bytes: [UInt8] {
        let first = header(data: 0)
        return header(data: first.count + between.count + 8) + between
            + AVIFFile.box("mdat", Array(items.filter { !$0.isInMeta }.map(\.data).joined()))
    }

    /// - Parameter data: the position at which the media data begin.
    private func header(data start: Int) -> [UInt8] {
        var (places, kept): ([UInt8], [UInt8]) = ([], [])
        var at = start
        for item in items {
            places += Self.short(item.id) + [0, item.isInMeta ? 1 : 0, 0, 0] + Self.short(item.extents)
            var offset = item.isInMeta ? kept.count : at
            for index in 0..<item.extents {
                let end = item.data.count * (index + 1) / item.extents
                let count = end - item.data.count * index / item.extents
                places += PNGFile.long(offset) + PNGFile.long(count)
                offset += count
            }
            if item.isInMeta { kept += item.data } else { at = offset }
        }
        let entries = items.map {
            AVIFFile.box("infe", [2, 0, 0, 0] + Self.short($0.id) + [0, 0] + Array($0.type.utf8) + [0])
        }
        var boxes: [[UInt8]] = []
        // Some tests compare with libavif, which needs these entries in order.
        let links = items.sorted { $0.id < $1.id }.map { item -> [UInt8] in
            let numbers = item.properties.map { box -> [UInt8] in
                let index = boxes.firstIndex(of: box) ?? boxes.count
                if index == boxes.count { boxes.append(box) }
                let isEssential = item.essential.contains { box[4..<8].elementsEqual($0.utf8) }
                return Self.short(index + 1 | (isEssential ? 0x8000 : 0))
            }
            return Self.short(item.id) + [UInt8(numbers.count)] + numbers.joined()
        }
        let lists = references.map {
            AVIFFile.box(
                $0.name, Self.short($0.from) + Self.short($0.to.count) + Array($0.to.map(Self.short).joined()))
        }
        let association = AVIFFile.box("ipma", [0, 0, 0, 1] + PNGFile.long(items.count) + Array(links.joined()))
        var meta =
            AVIFFile.full("hdlr", [0, 0, 0, 0] + Array("pict".utf8) + [UInt8](repeating: 0, count: 13))
            + AVIFFile.full("pitm", Self.short(primary))
            + AVIFFile.box("iloc", [1, 0, 0, 0, 0x44, 0] + Self.short(items.count) + places)
            + AVIFFile.full("iinf", Self.short(items.count) + Array(entries.joined()))
        if !lists.isEmpty { meta += AVIFFile.full("iref", Array(lists.joined())) }
        meta += AVIFFile.box("iprp", AVIFFile.box("ipco", Array(boxes.joined())) + association) + beside
        if !kept.isEmpty { meta += AVIFFile.box("idat", kept) }
        let type = Array(brands[0].utf8) + [0, 0, 0, 0] + Array(brands.joined().utf8)
        return AVIFFile.box("ftyp", type) + AVIFFile.full("meta", meta)
    }
}
