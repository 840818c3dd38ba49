/// The directories of a TIFF block that may contain a pointer to a place, and other values that may contain one. These
/// are the directories that software finds from the first one, without maker notes, whose layout is undocumented.
struct ExifDirectories {
    /// A directory: a number of entries, the entries, and, in a chain, the link to the next directory. Outside a chain
    /// the link has no meaning, and some writers omit it.
    struct Directory {
        var start: Int
        /// As the directory states it.
        var count: Int
        /// The part of it inside the block.
        var range: Range<Int>
    }

    /// An entry that points to a GPS directory (tag 0x8825; Exif 2.32, 4.6.3).
    struct Place {
        /// The index of its directory in ``directories``.
        var directory: Int
        var entry: Int
        /// The offsets of the GPS directories.
        var targets: [Int]
    }

    /// Other kinds of metadata inside a value.
    enum Content {
        /// Tag 0x02BC.
        case xmp
        /// Tag 0x8649.
        case photoshop
        /// Tags 0x0201 and 0x0202 together: the thumbnail.
        case jpeg
    }

    private(set) var directories: [Directory] = []
    private(set) var places: [Place] = []
    private(set) var contents: [(kind: Content, range: Range<Int>)] = []
    let isBigEndian: Bool

    /// More than any software writes. A block with more is given up, since other readers might find more in it.
    static let maximumDirectories = 64
    static let maximumEntries = 16_384
    static let maximumPlaces = 16
    private static let maximumPointers = 16

    private static let byteSizes = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
    /// Exif, interoperability, further pictures, global parameters, camera profiles.
    private static let pointers: Set<Int> = [0x8769, 0xA005, 0x014A, 0x0190, 0xC6F5]

    /// Nil if it is not a TIFF block. The magic number is not checked: some readers do not check it.
    ///
    /// - Returns: `isComplete` is false if not everything was read.
    static func read(_ block: [UInt8]) -> (found: ExifDirectories, isComplete: Bool)? {
        guard block.count >= 8 else { return nil }
        let isBigEndian: Bool
        if block.starts(with: [0x4D, 0x4D]) {
            isBigEndian = true
        } else if block.starts(with: [0x49, 0x49]) {
            isBigEndian = false
        } else {
            return nil
        }
        var found = ExifDirectories(isBigEndian: isBigEndian)
        let isComplete = found.walk(block)
        return (found, isComplete)
    }

    private init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    private mutating func walk(_ block: [UInt8]) -> Bool {
        guard let first = number(block, 4, 4) else { return true }
        /// Whether a directory is in a chain, so that its link leads to the next one.
        var waiting = [(start: first, isChained: true)]
        var seen: Set<Int> = []
        var entries = 0
        while let next = waiting.popLast() {
            guard next.start > 0, seen.insert(next.start).inserted, let count = number(block, next.start, 2) else {
                continue
            }
            guard directories.count < Self.maximumDirectories else { return false }
            let whole = min(count, max(0, (block.count - next.start - 2) / 12))
            entries += whole
            guard entries <= Self.maximumEntries else { return false }
            let end = next.start + 2 + 12 * count
            directories.append(
                Directory(
                    start: next.start, count: count,
                    range: next.start..<min(next.isChained ? end + 4 : end, block.count)))
            for index in 0..<whole {
                let entry = next.start + 2 + 12 * index
                guard let tag = number(block, entry, 2) else { continue }
                if tag == 0x8825 {
                    guard places.count < Self.maximumPlaces else { return false }
                    places.append(
                        Place(directory: directories.count - 1, entry: entry, targets: numbers(block, entry)))
                } else if Self.pointers.contains(tag) {
                    waiting += numbers(block, entry).map { ($0, tag == 0x014A) }
                } else if tag == 0x02BC || tag == 0x8649, let range = range(block, entry) {
                    contents.append((tag == 0x02BC ? .xmp : .photoshop, range))
                }
            }
            addThumbnail(block, next.start, whole)
            if next.isChained, let link = number(block, end, 4) { waiting.append((link, true)) }
        }
        return true
    }

    private mutating func addThumbnail(_ block: [UInt8], _ start: Int, _ entries: Int) {
        var values: [Int: Int] = [:]
        for index in 0..<entries {
            let entry = start + 2 + 12 * index
            guard let tag = number(block, entry, 2), tag == 0x0201 || tag == 0x0202 else { continue }
            values[tag] = numbers(block, entry).first
        }
        guard let offset = values[0x0201], let length = values[0x0202], offset < block.count,
            length <= block.count - offset, length > 2
        else { return }
        contents.append((.jpeg, offset..<offset + length))
    }

    /// The numbers of an entry, up to ``maximumPointers``. An entry with an invalid type is read as one LONG: other
    /// readers may do so too.
    private func numbers(_ block: [UInt8], _ entry: Int) -> [Int] {
        let type = number(block, entry + 2, 2) ?? 0
        let count = number(block, entry + 4, 4) ?? 0
        guard type == 3 || type == 4 || type == 13, count > 1 || type == 3 else {
            return [number(block, entry + 8, 4)].compactMap(\.self)
        }
        let width = type == 3 ? 2 : 4
        let start = count * width <= 4 ? entry + 8 : number(block, entry + 8, 4) ?? 0
        return (0..<min(max(count, 1), Self.maximumPointers)).compactMap { number(block, start + width * $0, width) }
    }

    /// The range of an entry's value; nil if it is not in the block.
    func range(_ block: [UInt8], _ entry: Int) -> Range<Int>? {
        guard let type = number(block, entry + 2, 2), let count = number(block, entry + 4, 4) else { return nil }
        let size = (Self.byteSizes.indices.contains(type - 1) ? Self.byteSizes[type - 1] : 1) * count
        guard let start = size <= 4 ? entry + 8 : number(block, entry + 8, 4), start <= block.count,
            size <= block.count - start
        else { return nil }
        return start..<start + size
    }

    /// A number of up to four bytes in the block's byte order; nil if it is not there.
    func number(_ block: [UInt8], _ offset: Int, _ width: Int) -> Int? {
        guard offset >= 0, offset <= block.count - width else { return nil }
        return (0..<width).reduce(0) { value, index in
            value << 8 | Int(block[offset + (isBigEndian ? index : width - 1 - index)])
        }
    }
}
