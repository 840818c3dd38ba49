/// What the meta box of an AVIF says of its items (ISO/IEC 23008-12, 6 and 9; ISO/IEC 14496-12, 8.11).
///
/// Numbers that the file states are checked against the box that holds them, and lists are read up to
/// ``maximumEntries``: a table of a million items is no picture.
struct AVIFItems {
    /// The item that is shown.
    private(set) var primary: Int?
    /// Items by type.
    private(set) var types: [Int: FourCC] = [:]
    /// Property boxes, and for each item those that belong to it, in order.
    private(set) var properties: [AVIFBox] = []
    private(set) var associations: [Int: [Int]] = [:]
    /// From, to, by type of reference.
    private(set) var references: [(type: FourCC, from: Int, to: [Int])] = []
    /// Where an item's bytes stand in the file; only those that stand there in one piece.
    private(set) var locations: [Int: Range<Int>] = [:]

    static let maximumEntries = 4_096

    static func read(_ bytes: RawSpan, meta: AVIFBox) -> AVIFItems? {
        guard let content = meta.full(bytes)?.content else { return nil }
        var items = AVIFItems()
        let boxes = AVIFBox.children(bytes, in: content)
        // Only one is allowed (8.11.3.1), and each may take as long to read as the largest.
        let locations = boxes.first { $0.name == FourCC("iloc") }
        if let locations { items.readLocations(bytes, locations) }
        for box in boxes {
            switch box.name {
            case FourCC("pitm"): items.readPrimary(bytes, box)
            case FourCC("iinf"): items.readTypes(bytes, box)
            case FourCC("iref"): items.readReferences(bytes, box)
            case FourCC("iprp"): items.readProperties(bytes, box)
            default: break
            }
        }
        return items
    }

    /// The properties of an item with this name.
    func properties(_ name: FourCC, of item: Int) -> [AVIFBox] {
        (associations[item] ?? []).compactMap { index in
            index >= 1 && index <= properties.count && properties[index - 1].name == name
                ? properties[index - 1] : nil
        }
    }

    private mutating func readPrimary(_ bytes: RawSpan, _ box: AVIFBox) {
        var cursor = AVIFCursor(box, bytes)
        primary = cursor.version == 0 ? cursor.number(bytes, 2) : cursor.number(bytes, 4)
    }

    private mutating func readTypes(_ bytes: RawSpan, _ box: AVIFBox) {
        var cursor = AVIFCursor(box, bytes)
        guard cursor.number(bytes, cursor.version == 0 ? 2 : 4) != nil else { return }
        for entry in AVIFBox.children(bytes, in: cursor.rest) where entry.name == FourCC("infe") {
            var cursor = AVIFCursor(entry, bytes)
            guard cursor.version >= 2, let id = cursor.number(bytes, cursor.version == 2 ? 2 : 4),
                cursor.number(bytes, 2) != nil, let type = cursor.number(bytes, 4)
            else { continue }
            types[id] = FourCC(rawValue: UInt32(truncatingIfNeeded: type))
        }
    }

    private mutating func readLocations(_ bytes: RawSpan, _ box: AVIFBox) {
        var cursor = AVIFCursor(box, bytes)
        let version = cursor.version
        guard version <= 2, let sizes = cursor.number(bytes, 2),
            let count = cursor.number(bytes, version < 2 ? 2 : 4)
        else { return }
        let (offsetSize, lengthSize, baseSize) = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15)
        let indexSize = version == 0 ? 0 : sizes & 15
        for _ in 0..<min(count, Self.maximumEntries) {
            guard let id = cursor.number(bytes, version < 2 ? 2 : 4),
                let method = version == 0 ? 0 : cursor.number(bytes, 2), cursor.number(bytes, 2) != nil,
                let base = cursor.number(bytes, baseSize), let extents = cursor.number(bytes, 2)
            else { return }
            guard extents == 1 else {
                // In one step: extents whose fields have no bytes would else cost time without costing a byte.
                guard cursor.skip(extents * (indexSize + offsetSize + lengthSize)) else { return }
                continue
            }
            guard cursor.number(bytes, indexSize) != nil, let offset = cursor.number(bytes, offsetSize),
                let length = cursor.number(bytes, lengthSize)
            else { return }
            guard method & 15 == 0, base < 1 << 48, offset < 1 << 48, base + offset <= bytes.byteCount,
                length <= bytes.byteCount - base - offset
            else { continue }
            locations[id] = base + offset..<base + offset + length
        }
    }

    private mutating func readReferences(_ bytes: RawSpan, _ box: AVIFBox) {
        let outer = AVIFCursor(box, bytes)
        let idSize = outer.version == 0 ? 2 : 4
        for entry in AVIFBox.children(bytes, in: outer.rest) {
            var cursor = AVIFCursor(content: entry.content)
            guard let from = cursor.number(bytes, idSize), let count = cursor.number(bytes, 2) else { continue }
            var targets: [Int] = []
            for _ in 0..<min(count, Self.maximumEntries) {
                guard let target = cursor.number(bytes, idSize) else { break }
                targets.append(target)
            }
            references.append((entry.name, from, targets))
        }
    }

    private mutating func readProperties(_ bytes: RawSpan, _ box: AVIFBox) {
        for child in AVIFBox.children(bytes, in: box.content) {
            if child.name == FourCC("ipco") { properties = AVIFBox.children(bytes, in: child.content) }
            guard child.name == FourCC("ipma") else { continue }
            var cursor = AVIFCursor(child, bytes)
            let indexSize = cursor.flags & 1 == 1 ? 2 : 1
            guard let count = cursor.number(bytes, 4) else { continue }
            for _ in 0..<min(count, Self.maximumEntries) {
                guard let id = cursor.number(bytes, cursor.version < 1 ? 2 : 4), let links = cursor.number(bytes, 1)
                else { break }
                var indexes: [Int] = []
                for _ in 0..<links {
                    guard let link = cursor.number(bytes, indexSize) else { break }
                    // The highest bit says "essential".
                    indexes.append(link & (indexSize == 2 ? 0x7FFF : 0x7F))
                }
                if associations[id] == nil { associations[id] = indexes }
            }
        }
    }
}

/// Reads numbers one after the other from a box, and none beyond it.
struct AVIFCursor {
    private(set) var rest: Range<Int>
    private(set) var version: UInt8 = 0
    private(set) var flags = 0

    init(content: Range<Int>) {
        rest = content
    }

    /// A box with version and flags; an empty rest where it has none.
    init(_ box: AVIFBox, _ bytes: RawSpan) {
        guard let full = box.full(bytes) else {
            rest = box.content.upperBound..<box.content.upperBound
            return
        }
        (version, flags, rest) = (full.version, full.flags, full.content)
    }

    /// A number of 0, 1, 2, 4 or 8 bytes, nil where it is not there or has more than 62 bits.
    mutating func number(_ bytes: RawSpan, _ size: Int) -> Int? {
        guard [0, 1, 2, 4, 8].contains(size), rest.count >= size else { return nil }
        var value = 0
        for offset in rest.prefix(size) {
            guard value < 1 << 54 else { return nil }
            value = value << 8 | Int(bytes.byte(at: offset))
        }
        rest = rest.lowerBound + size..<rest.upperBound
        return value
    }

    /// Passes over bytes; false where they are not all there.
    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.lowerBound + count..<rest.upperBound
        return true
    }
}
