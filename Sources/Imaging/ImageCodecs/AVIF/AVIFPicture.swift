import ImageModel

/// The parts of an AVIF that make the shown picture: the primary item, or its tiles if it is a grid, and their alpha.
/// Nothing else in the file is decoded: no thumbnails, gain maps or second pictures.
struct AVIFPicture {
    /// An item with AV1 data of its own.
    struct Part {
        var item: Int
        /// As stated by the boxes.
        var size: PixelSize
        /// The size that it is stretched to if its data has another one.
        var shownSize: PixelSize
        /// Boxes that the decoder needs: configuration, operating point, layers.
        var properties: [AVIFBox]
        var pieces: [Range<Int>]
    }

    /// One plane or set of planes: a single part, or a grid of parts, row by row.
    struct Layer {
        var parts: [Part]
        /// The grid item, which states the number of columns and rows. Nil for a single part.
        var grid: [Range<Int>]?
    }

    /// The size as coded, before the clean aperture is applied.
    var size: PixelSize
    var color: Layer
    var alpha: Layer?
    var isPremultiplied: Bool
    /// The box with the numbers of its colours.
    var colors: AVIFBox?

    /// The most pixels of one part: the decoder's limit.
    var maximumPartPixels: Int {
        let parts = color.parts + (alpha?.parts ?? [])
        return parts.reduce(size.pixels) { max($0, $1.size.pixels) }
    }

    /// Whether parts must be joined from several pieces, which takes up to as many bytes as the file has.
    var isInPieces: Bool { (color.parts + (alpha?.parts ?? [])).contains { $0.pieces.count > 1 } }

    /// - Throws: `unsupported`, `damaged`, `tooLarge` if the picture cannot be put together.
    init(_ bytes: RawSpan, items: AVIFItems, primary: Int, limits: CodecLimits) throws(CodecError) {
        var reader = AVIFPartReader(items: items, limits: limits)
        size = try AVIFPartReader.size(bytes, items: items, item: primary, limits: limits)
        color = try reader.layer(bytes, item: primary)
        colors = items.properties(FourCC("colr"), of: primary).first { box in
            bytes.fourCC(at: box.content.lowerBound) == FourCC("nclx") && box.content.count >= 11
        }
        isPremultiplied = false
        if let own = reader.alphaItem(bytes, of: primary) {
            var layer = try reader.layer(bytes, item: own, fallback: size)
            // Alpha of another size is stretched over the picture.
            if layer.grid == nil { layer.parts[0].shownSize = size }
            alpha = layer
            isPremultiplied = items.premultiplied[primary]?.contains(own) == true
            return
        }
        guard let grid = color.grid else { return }
        // Each tile may have its own alpha, which libavif 0.11 does not see.
        var parts: [Part] = []
        var isPremultiplied = true
        for tile in color.parts {
            guard let own = reader.alphaItem(bytes, of: tile.item) else { continue }
            parts.append(try reader.part(bytes, item: own, fallback: tile.size))
            if items.premultiplied[tile.item]?.contains(own) != true { isPremultiplied = false }
        }
        if parts.isEmpty { return }
        guard parts.count == color.parts.count else { throw .unsupported("only some tiles of this AVIF have alpha") }
        for index in parts.indices { parts[index].shownSize = color.parts[index].size }
        alpha = Layer(parts: parts, grid: grid)
        self.isPremultiplied = isPremultiplied
    }

    /// Whether the shown picture has alpha, in one item or tile by tile.
    static func hasAlpha(_ bytes: RawSpan, items: AVIFItems, primary: Int, limits: CodecLimits) -> Bool {
        var reader = AVIFPartReader(items: items, limits: limits)
        if reader.alphaItem(bytes, of: primary) != nil { return true }
        guard items.types[primary] == FourCC("grid") else { return false }
        return (items.parts[primary] ?? []).contains { reader.alphaItem(bytes, of: $0) != nil }
    }
}

/// Puts the parts of a picture together. Each item is read once, even if a grid names one tile thousands of times.
struct AVIFPartReader {
    private let items: AVIFItems
    private let limits: CodecLimits
    private var known: [Int: AVIFPicture.Part] = [:]
    private var alphas: [Int: Int?] = [:]

    init(items: AVIFItems, limits: CodecLimits) {
        self.items = items
        self.limits = limits
    }

    /// ispe (ISO/IEC 23008-12, 6.5.3).
    static func size(
        _ bytes: RawSpan, items: AVIFItems, item: Int, limits: CodecLimits
    ) throws(CodecError) -> PixelSize {
        guard let box = items.properties(FourCC("ispe"), of: item).first else {
            throw .damaged("an AVIF that does not state its size")
        }
        var cursor = AVIFCursor(box, bytes)
        guard let width = cursor.number(bytes, 4), let height = cursor.number(bytes, 4), width > 0, height > 0 else {
            throw .damaged("an AVIF that does not state its size")
        }
        try limits.check(width: width, height: height)
        return PixelSize(width: width, height: height)
    }

    /// The first auxiliary alpha item (ISO/IEC 23000-22, 7.3.5.2) that can be shown.
    mutating func alphaItem(_ bytes: RawSpan, of item: Int) -> Int? {
        if let known = alphas[item] { return known }
        let found = (items.auxiliaries[item] ?? []).first { auxiliary in
            guard let type = items.types[auxiliary], type == FourCC("av01") || type == FourCC("grid"),
                !items.isBeyondUs(auxiliary), let box = items.properties(FourCC("auxC"), of: auxiliary).first,
                let content = box.full(bytes)?.content
            else { return false }
            return Self.alphaKinds.contains { $0.count <= content.count && bytes.has($0, at: content.lowerBound) }
        }
        alphas[item] = .some(found)
        return found
    }

    private static let alphaKinds: [[UInt8]] = [
        "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1",
    ].map { Array($0.utf8) + [0] }

    /// - Parameter fallback: the size of an item that states none: old writers omitted it for alpha.
    mutating func layer(
        _ bytes: RawSpan, item: Int, fallback: PixelSize? = nil
    ) throws(CodecError) -> AVIFPicture.Layer {
        guard items.types[item] == FourCC("grid") else {
            return AVIFPicture.Layer(parts: [try part(bytes, item: item, fallback: fallback)])
        }
        guard !items.isBeyondUs(item) else { throw Self.beyondUs }
        guard let tiles = items.parts[item], !tiles.isEmpty else { throw .damaged("a grid without tiles in the AVIF") }
        guard tiles.count <= AVIFItems.Counts.maximumItems else {
            throw .tooLarge(
                limit: "the number of tiles in the AVIF", value: tiles.count, maximum: AVIFItems.Counts.maximumItems)
        }
        var parts: [AVIFPicture.Part] = []
        for tile in tiles { parts.append(try part(bytes, item: tile)) }
        // ISO/IEC 23008-12, 6.6.2.3.1: all of one size. The decoder's limits rely on it.
        guard let first = parts.first, parts.allSatisfy({ $0.size == first.size }) else {
            throw .damaged("tiles of different sizes in the AVIF")
        }
        return AVIFPicture.Layer(parts: parts, grid: items.pieces[item] ?? [])
    }

    mutating func part(
        _ bytes: RawSpan, item: Int, fallback: PixelSize? = nil
    ) throws(CodecError) -> AVIFPicture.Part {
        if let known = known[item] { return known }
        guard items.types[item] == FourCC("av01") else {
            throw .unsupported("this AVIF is made of something that is not AV1")
        }
        guard !items.isBeyondUs(item) else { throw Self.beyondUs }
        var properties: [AVIFBox] = []
        for name in [FourCC("av1C"), FourCC("a1op"), FourCC("lsel"), FourCC("a1lx")] {
            if let box = items.properties(name, of: item).first { properties.append(box) }
        }
        let isSilent = items.properties(FourCC("ispe"), of: item).isEmpty
        let size: PixelSize
        if isSilent, let fallback {
            size = fallback
        } else {
            size = try Self.size(bytes, items: items, item: item, limits: limits)
        }
        let part = AVIFPicture.Part(
            item: item, size: size, shownSize: size, properties: properties, pieces: items.pieces[item] ?? [])
        known[item] = part
        return part
    }

    private static var beyondUs: CodecError {
        .unsupported("this AVIF has an essential property that is not known")
    }
}
