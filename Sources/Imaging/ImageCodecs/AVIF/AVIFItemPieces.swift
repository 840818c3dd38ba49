/// Where the bytes of an AVIF's items are, including items in several pieces or in the header itself (ISO/IEC 14496-12,
/// 8.11.3).
struct AVIFItemPieces {
    /// For each item the ranges of its bytes in the file, in order. Nil for an item outside the file, or inside another
    /// item.
    private(set) var ranges: [Int: [Range<Int>]?] = [:]
    /// The whole list was read.
    private(set) var isComplete = false

    private static let maximumEntries = AVIFItems.Counts.maximumItems
    /// The most pieces of all items together.
    private static let maximumPieces = 65_536

    static func read(_ bytes: RawSpan, meta: AVIFBox) -> AVIFItemPieces? {
        guard let content = meta.full(bytes)?.content else { return nil }
        let boxes = AVIFBox.children(bytes, in: content)
        var pieces = AVIFItemPieces()
        // Only one is allowed, and each further one could take as long to read as the largest.
        guard let box = boxes.first(where: { $0.name == FourCC("iloc") }) else { return pieces }
        let data = boxes.first { $0.name == FourCC("idat") }?.content
        pieces.isComplete = pieces.readLocations(bytes, box, data: data)
        return pieces
    }

    private mutating func readLocations(_ bytes: RawSpan, _ box: AVIFBox, data: Range<Int>?) -> Bool {
        var cursor = AVIFCursor(box, bytes)
        let version = cursor.version
        guard version <= 2, let sizes = cursor.number(bytes, 2), let count = cursor.number(bytes, version < 2 ? 2 : 4),
            count <= Self.maximumEntries
        else { return false }
        let (offsetSize, lengthSize, baseSize) = (sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15)
        let indexSize = version == 0 ? 0 : sizes & 15
        var left = Self.maximumPieces
        for _ in 0..<count {
            guard let id = cursor.number(bytes, version < 2 ? 2 : 4),
                let method = version == 0 ? 0 : cursor.number(bytes, 2), let source = cursor.number(bytes, 2),
                let base = cursor.number(bytes, baseSize), let extents = cursor.number(bytes, 2)
            else { return false }
            left -= extents
            guard left >= 0 else { return false }
            let bounds = source != 0 ? nil : method & 15 == 0 ? 0..<bytes.byteCount : method & 15 == 1 ? data : nil
            var parts: [Range<Int>]? = []
            for _ in 0..<extents {
                guard cursor.number(bytes, indexSize) != nil, let offset = cursor.number(bytes, offsetSize),
                    let length = cursor.number(bytes, lengthSize)
                else { return false }
                guard let bounds, base < 1 << 48, offset < 1 << 48, base + offset <= bounds.count else {
                    parts = nil
                    continue
                }
                // No length means: to the end.
                let start = bounds.lowerBound + base + offset
                let size = lengthSize == 0 ? bounds.upperBound - start : length
                guard size <= bounds.upperBound - start else {
                    parts = nil
                    continue
                }
                parts?.append(start..<start + size)
            }
            if ranges[id] == nil { ranges[id] = .some(parts) }
        }
        return true
    }
}
