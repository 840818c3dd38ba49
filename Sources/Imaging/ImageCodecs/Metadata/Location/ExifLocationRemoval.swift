/// Removes the place from a TIFF block without moving anything that stays, because maker notes contain unknown offsets.
/// Maker notes stay as they are.
struct ExifLocationRemoval {
    private var block: [UInt8]
    private let found: ExifDirectories
    /// How many more bytes may be zeroed: no valid block has more bytes of a place than it has bytes.
    private var left: Int

    /// Empties every GPS directory that any directory points to, removes the entries that point there (0x8825), and
    /// cleans other metadata inside: XMP, Photoshop's resources, a thumbnail's own.
    ///
    /// - Returns: whether anything was changed. Nil if the block violates its format: directories overlap, or there are
    ///   so many that nobody reads all of them. Then only dropping the whole block is safe.
    static func clean(_ block: inout [UInt8], isInner: Bool) -> Bool? {
        guard let (found, isComplete) = ExifDirectories.read(block) else { return false }
        guard isComplete else { return nil }
        var removal = ExifLocationRemoval(block: block, found: found)
        guard let isChanged = removal.cleanContents(isInner: isInner) else { return nil }
        guard !found.places.isEmpty else {
            if isChanged { block = removal.block }
            return isChanged
        }
        guard removal.wipe() else { return nil }
        removal.removeEntries()
        // Values that overlap directories may have created new entries.
        guard let (after, _) = ExifDirectories.read(removal.block), after.places.isEmpty else { return nil }
        block = removal.block
        return true
    }

    private init(block: [UInt8], found: ExifDirectories) {
        self.block = block
        self.found = found
        left = block.count
    }

    private mutating func wipe() -> Bool {
        // If entries of a directory move, it must not share bytes with others.
        let ranges = found.directories.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
        guard zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }),
            (ranges.first?.lowerBound ?? 0) >= 8
        else { return false }
        return found.places.allSatisfy { place in place.targets.allSatisfy { wipe(directory: $0) } }
    }

    /// Zeroes a GPS directory and its values.
    private mutating func wipe(directory: Int) -> Bool {
        guard let count = found.number(block, directory, 2) else { return true }
        for index in 0..<min(count, ExifReader.maximumEntries) {
            let entry = directory + 2 + 12 * index
            guard entry <= block.count - 12 else { break }
            if let value = found.range(block, entry), value.lowerBound != entry + 8 {
                guard zero(value) else { return false }
            }
            guard zero(entry..<entry + 12) else { return false }
        }
        return zero(directory..<directory + 2)
    }

    /// Returns false if that would destroy bytes that are kept, or take too long.
    private mutating func zero(_ range: Range<Int>) -> Bool {
        // The header always stays.
        guard range.lowerBound >= 8, range.count <= left,
            !found.directories.contains(where: { $0.range.overlaps(range) })
        else { return false }
        left -= range.count
        for at in range { block[at] = 0 }
        return true
    }

    private mutating func removeEntries() {
        var counts = found.directories.map(\.count)
        // From the end: earlier entries keep their places.
        for place in found.places.sorted(by: { $0.entry > $1.entry }) {
            let directory = found.directories[place.directory]
            counts[place.directory] -= 1
            remove(place.entry, from: directory, count: counts[place.directory])
        }
    }

    /// Moves the later entries, and the link to the next directory, to the place of this one.
    private mutating func remove(_ entry: Int, from directory: ExifDirectories.Directory, count: Int) {
        let end = directory.range.upperBound
        if entry + 12 <= end {
            for at in entry..<end - 12 { block[at] = block[at + 12] }
            for at in max(entry, end - 12)..<end { block[at] = 0 }
        }
        let low = UInt8(truncatingIfNeeded: count)
        let high = UInt8(truncatingIfNeeded: count >> 8)
        block[directory.start] = found.isBigEndian ? high : low
        block[directory.start + 1] = found.isBigEndian ? low : high
    }

    /// Returns whether anything was changed; nil if the values overlap, so that each byte would be read again and
    /// again.
    private mutating func cleanContents(isInner: Bool) -> Bool? {
        var isChanged = false
        var left = block.count
        for (kind, range) in found.contents {
            guard range.count <= left else { return nil }
            left -= range.count
            var content = Array(block[range])
            switch kind {
            case .xmp:
                if LocationRemoval.clean(xmp: &content) == nil {
                    content = [UInt8](repeating: 0x20, count: content.count)
                }
            case .photoshop where isInner:
                if unsafe LocationRemoval.mayHoldPlace(content.span.bytes) {
                    content = [UInt8](repeating: 0, count: content.count)
                }
            case .photoshop: PhotoshopLocationRemoval.clean(resources: &content)
            case .jpeg: EmbeddedJPEG.clean(&content)
            }
            guard content.count == range.count, !content.elementsEqual(block[range]) else { continue }
            // Later steps rely only on the directories.
            guard !found.directories.contains(where: { $0.range.overlaps(range) }) else { return nil }
            block.replaceSubrange(range, with: content)
            isChanged = true
        }
        return isChanged
    }
}
