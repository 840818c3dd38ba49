/// What the meta box of an AVIF says about its items (ISO/IEC 23008-12, 6 and 9; ISO/IEC 14496-12, 8.11).
///
/// Numbers from the file are checked against the box that contains them. Each table has a limit for all its boxes
/// together, so that no file makes more work than the limits allow, however it splits its tables. Each byte is read
/// once.
struct AVIFItems {
    /// The item that is shown.
    private(set) var primary: Int?
    /// Items by type.
    private(set) var types: [Int: FourCC] = [:]
    /// Property boxes, and for each item its properties, in order.
    private(set) var properties: [AVIFBox] = []
    private(set) var associations: [Int: [Int]] = [:]
    /// The properties without which an item must not be shown.
    private var essentials: [Int: [Int]] = [:]
    /// The parts of a derived item, in order (`dimg`).
    private(set) var parts: [Int: [Int]] = [:]
    /// The auxiliary items of an item, in the order of the file (`auxl`).
    private(set) var auxiliaries: [Int: [Int]] = [:]
    /// Items with premultiplied colours, each with its alpha items (`prem`).
    private(set) var premultiplied: [Int: Set<Int>] = [:]
    /// The bytes of an item: ranges of the file, in order. They may be outside the bytes that are here.
    private(set) var pieces: [Int: [Range<Int>]] = [:]
    /// The range of an item in the file, if it is in one piece and its bytes are here.
    private(set) var locations: [Int: Range<Int>] = [:]

    /// Counts of what was read, for all boxes together.
    private(set) var counts = Counts()

    /// Numbers of things that a file may repeat, and the limit of each.
    ///
    /// A photo of one grid has some hundred tiles, each with its alpha, two properties and four associations. These
    /// limits are many times that, and still little work.
    struct Counts {
        /// Sibling boxes in the header.
        var boxes = 0
        /// Entries of `iinf`.
        var items = 0
        /// Entries of `iloc`, and their extents.
        var locations = 0
        var extents = 0
        /// Boxes in `ipco`.
        var properties = 0
        /// Entries of `ipma`, and the properties they name.
        var associations = 0
        /// Entries of `iref`, and the items they name.
        var references = 0

        static let maximumBoxes = 4_096
        static let maximumItems = 4_096
        static let maximumExtents = 16_384
        static let maximumProperties = 4_096
        static let maximumAssociations = 65_536
        static let maximumReferences = 16_384

        /// The steps of reading.
        var total: Int { boxes + items + locations + extents + properties + associations + references }
    }

    /// - Throws: `tooLarge` if a table has more entries than ``Counts`` allows.
    static func read(_ bytes: RawSpan, meta: AVIFBox) throws(CodecError) -> AVIFItems? {
        guard let content = meta.full(bytes)?.content else { return nil }
        var items = AVIFItems()
        var walk = AVIFBoxReader(content)
        var seen: Set<FourCC> = []
        var itemData: Range<Int>?
        var locations: AVIFBox?
        while let box = walk.next(bytes) {
            try items.count(\.boxes, 1, "the number of boxes in the AVIF's header", Counts.maximumBoxes)
            switch box.name {
            // Only one is allowed (8.11.3.1, 8.11.11).
            case FourCC("iloc"): if locations == nil { locations = box }
            case FourCC("idat"): if itemData == nil { itemData = box.content }
            case FourCC("pitm") where seen.insert(box.name).inserted: items.readPrimary(bytes, box)
            case FourCC("iinf"): try items.readTypes(bytes, box)
            case FourCC("iref"): try items.readReferences(bytes, box)
            case FourCC("iprp"): try items.readProperties(bytes, box)
            default: break
            }
        }
        if let locations { try items.readLocations(bytes, locations, itemData: itemData) }
        return items
    }

    /// The properties of an item with this name.
    func properties(_ name: FourCC, of item: Int) -> [AVIFBox] {
        (associations[item] ?? []).compactMap { index in
            index >= 1 && index <= properties.count && properties[index - 1].name == name
                ? properties[index - 1] : nil
        }
    }

    /// Whether the item has an essential property that we do not know: readers do not show it (ISO/IEC 23008-12,
    /// 9.3.1).
    func isBeyondUs(_ item: Int) -> Bool {
        (essentials[item] ?? []).contains { index in
            index >= 1 && index <= properties.count && !Self.understood.contains(properties[index - 1].name)
        }
    }

    private mutating func count(
        _ place: WritableKeyPath<Counts, Int>, _ more: Int, _ limit: String, _ maximum: Int
    ) throws(CodecError) {
        counts[keyPath: place] += more
        guard counts[keyPath: place] <= maximum else {
            throw .tooLarge(limit: limit, value: counts[keyPath: place], maximum: maximum)
        }
    }

    private mutating func readPrimary(_ bytes: RawSpan, _ box: AVIFBox) {
        var cursor = AVIFCursor(box, bytes)
        primary = cursor.version == 0 ? cursor.number(bytes, 2) : cursor.number(bytes, 4)
    }

    private mutating func readTypes(_ bytes: RawSpan, _ box: AVIFBox) throws(CodecError) {
        var cursor = AVIFCursor(box, bytes)
        guard cursor.number(bytes, cursor.version == 0 ? 2 : 4) != nil else { return }
        var walk = AVIFBoxReader(cursor.rest)
        while let entry = walk.next(bytes) {
            try count(\.items, 1, "the number of items in the AVIF", Counts.maximumItems)
            var cursor = AVIFCursor(entry, bytes)
            guard entry.name == FourCC("infe"), cursor.version >= 2,
                let id = cursor.number(bytes, cursor.version == 2 ? 2 : 4),
                cursor.number(bytes, 2) != nil, let type = cursor.number(bytes, 4)
            else { continue }
            types[id] = FourCC(rawValue: UInt32(truncatingIfNeeded: type))
        }
    }

    /// iloc (ISO/IEC 14496-12, 8.11.3). Items built from other items are not located.
    private mutating func readLocations(
        _ bytes: RawSpan, _ box: AVIFBox, itemData: Range<Int>?
    ) throws(CodecError) {
        var cursor = AVIFCursor(box, bytes)
        let version = cursor.version
        guard version <= 2, let sizes = cursor.number(bytes, 2),
            let stated = cursor.number(bytes, version < 2 ? 2 : 4)
        else { return }
        let (offsetSize, lengthSize, baseSize) = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15)
        let indexSize = version == 0 ? 0 : sizes & 15
        for _ in 0..<stated {
            try count(\.locations, 1, "the number of items in the AVIF", Counts.maximumItems)
            guard let id = cursor.number(bytes, version < 2 ? 2 : 4),
                let method = version == 0 ? 0 : cursor.number(bytes, 2), cursor.number(bytes, 2) != nil,
                let base = cursor.number(bytes, baseSize), let extents = cursor.number(bytes, 2)
            else { return }
            // Checked at once: extents whose fields have no bytes would cost time without any bytes in the file.
            let each = indexSize + offsetSize + lengthSize
            guard each > 0 else { continue }
            guard extents <= cursor.rest.count / each else { return }
            try count(\.extents, extents, "the number of item extents in the AVIF", Counts.maximumExtents)
            let start: Int? =
                switch method & 15 {
                case 0: 0
                case 1: itemData?.lowerBound
                default: nil
                }
            var found: [Range<Int>] = []
            for _ in 0..<extents {
                guard cursor.number(bytes, indexSize) != nil, let offset = cursor.number(bytes, offsetSize),
                    let length = cursor.number(bytes, lengthSize)
                else { return }
                guard let start, base < 1 << 48, offset < 1 << 48, length < 1 << 48 else { continue }
                found.append(start + base + offset..<start + base + offset + length)
            }
            // Of two entries for an item, only the first one counts.
            guard found.count == extents, extents > 0, pieces[id] == nil else { continue }
            pieces[id] = found
            if extents == 1, method & 15 == 0, let place = found.first, place.upperBound <= bytes.byteCount {
                locations[id] = place
            }
        }
    }

    private mutating func readReferences(_ bytes: RawSpan, _ box: AVIFBox) throws(CodecError) {
        let outer = AVIFCursor(box, bytes)
        let idSize = outer.version == 0 ? 2 : 4
        var walk = AVIFBoxReader(outer.rest)
        while let entry = walk.next(bytes) {
            var cursor = AVIFCursor(content: entry.content)
            let head = (cursor.number(bytes, idSize), cursor.number(bytes, 2))
            let stated = min(head.1 ?? 0, cursor.rest.count / idSize)
            try count(
                \.references, 1 + stated, "the number of item references in the AVIF", Counts.maximumReferences)
            guard let from = head.0 else { continue }
            var targets: [Int] = []
            for _ in 0..<stated {
                if let target = cursor.number(bytes, idSize) { targets.append(target) }
            }
            switch entry.name {
            // An item has one of each type (8.11.12.1): the first one counts.
            case FourCC("dimg"): if parts[from] == nil { parts[from] = targets }
            case FourCC("auxl"): for target in targets { auxiliaries[target, default: []].append(from) }
            case FourCC("prem"): premultiplied[from, default: []].formUnion(targets)
            default: break
            }
        }
    }

    private mutating func readProperties(_ bytes: RawSpan, _ box: AVIFBox) throws(CodecError) {
        var walk = AVIFBoxReader(box.content)
        while let child = walk.next(bytes) {
            try count(\.boxes, 1, "the number of boxes in the AVIF's header", Counts.maximumBoxes)
            if child.name == FourCC("ipco") {
                var list = AVIFBoxReader(child.content)
                while let property = list.next(bytes) {
                    try count(\.properties, 1, "the number of item properties in the AVIF", Counts.maximumProperties)
                    properties.append(property)
                }
            }
            if child.name == FourCC("ipma") { try readAssociations(bytes, child) }
        }
    }

    private mutating func readAssociations(_ bytes: RawSpan, _ box: AVIFBox) throws(CodecError) {
        var cursor = AVIFCursor(box, bytes)
        let indexSize = cursor.flags & 1 == 1 ? 2 : 1
        guard let stated = cursor.number(bytes, 4) else { return }
        for _ in 0..<stated {
            guard let id = cursor.number(bytes, cursor.version < 1 ? 2 : 4), let links = cursor.number(bytes, 1)
            else { return }
            try count(
                \.associations, 1 + links, "the number of property associations in the AVIF",
                Counts.maximumAssociations)
            var indexes: [Int] = []
            var essential: [Int] = []
            for _ in 0..<links {
                guard let link = cursor.number(bytes, indexSize) else { break }
                // The highest bit marks the property as essential.
                let index = link & (indexSize == 2 ? 0x7FFF : 0x7F)
                indexes.append(index)
                if link != index { essential.append(index) }
            }
            guard associations[id] == nil else { continue }
            associations[id] = indexes
            if !essential.isEmpty { essentials[id] = essential }
        }
    }

    /// Properties that libavif knows.
    private static let understood: Set<FourCC> = [
        FourCC("ispe"), FourCC("auxC"), FourCC("colr"), FourCC("av1C"), FourCC("pasp"), FourCC("clap"),
        FourCC("irot"), FourCC("imir"), FourCC("pixi"), FourCC("a1op"), FourCC("lsel"), FourCC("a1lx"),
    ]
}

/// Reads numbers one after the other from a box, and none outside it.
struct AVIFCursor {
    private(set) var rest: Range<Int>
    private(set) var version: UInt8 = 0
    private(set) var flags = 0

    init(content: Range<Int>) {
        rest = content
    }

    /// A box with version and flags; empty if it has none.
    init(_ box: AVIFBox, _ bytes: RawSpan) {
        guard let full = box.full(bytes) else {
            rest = box.content.upperBound..<box.content.upperBound
            return
        }
        (version, flags, rest) = (full.version, full.flags, full.content)
    }

    /// A number of 0, 1, 2, 4 or 8 bytes; nil if it is missing or has more than 62 bits.
    mutating func number(_ bytes: RawSpan, _ size: Int) -> Int? {
        switch size {
        case 0, 1, 2, 4, 8: break
        default: return nil
        }
        guard rest.count >= size else { return nil }
        var value = 0
        for offset in rest.prefix(size) {
            guard value < 1 << 54 else { return nil }
            value = value << 8 | Int(bytes.byte(at: offset))
        }
        rest = rest.lowerBound + size..<rest.upperBound
        return value
    }

    /// Skips bytes; false if they are not all there.
    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.lowerBound + count..<rest.upperBound
        return true
    }
}
