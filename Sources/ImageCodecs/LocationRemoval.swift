import ImageModel

/// Takes the place where a picture was made out of its metadata, without moving anything that stays: maker notes hold
/// offsets that nobody knows.
enum LocationRemoval {
    /// More entries that name a GPS directory than any software writes; one is allowed.
    private static let maximumDirectories = 4

    /// Empties every GPS directory of a TIFF block (Exif 2.32, 4.6.6) and takes its entry (0x8825) out of the first
    /// directory. Returns whether there was one, and nil where the block is laid out against its format: directories
    /// that overlap, or so many that emptying them would take long. Then only leaving all of it out is safe.
    static func clean(exif block: inout [UInt8]) -> Bool? {
        guard let isBigEndian = byteOrder(block), let first = number(block, 4, 4, isBigEndian),
            let count = number(block, first, 2, isBigEndian)
        else { return false }
        guard find(0x8825, in: block, at: first, isBigEndian) != nil else { return false }
        guard first >= 8 else { return nil }
        // The first directory with its link to the second one: what is emptied may not reach into it.
        var eraser = Eraser(isBigEndian: isBigEndian, kept: first..<first + 2 + 12 * count + 4, left: block.count)
        for _ in 0..<maximumDirectories {
            // More than one entry is not allowed, but would be found by others.
            guard let entry = find(0x8825, in: block, at: first, isBigEndian) else { return true }
            if let gps = number(block, entry + 8, 4, isBigEndian) {
                guard eraser.wipe(&block, at: gps) else { return nil }
            }
            remove(entry, from: &block, at: first, isBigEndian)
        }
        return find(0x8825, in: block, at: first, isBigEndian) == nil ? true : nil
    }

    /// What stands in for a block that ``clean(exif:)`` has given up: its orientation and nothing else. Nil where
    /// nobody reads an orientation out of it, not even "upright", which a later block could then contradict.
    static func replacement(for block: [UInt8]) -> [UInt8]? {
        guard let walk = unsafe ExifWalk.read(block.span.bytes) else { return nil }
        return MetadataPolicy.block(for: walk.orientationValue ?? .upright)
    }

    /// Writes spaces over every property of an XMP packet whose name has "gps" in it, as attribute or as element.
    /// Returns nil where the packet is not written as expected: then only leaving all of it out is safe.
    static func clean(xmp packet: inout [UInt8]) -> Bool? {
        var isChanged = false
        var from = 0
        while let found = firstGPS(in: packet, from: from) {
            var start = found
            while start > 0, isNameByte(packet[start - 1]) { start -= 1 }
            var nameEnd = found
            while nameEnd < packet.count, isNameByte(packet[nameEnd]) { nameEnd += 1 }
            guard start > 0, nameEnd < packet.count else { return nil }
            let end: Int
            if packet[start - 1] == 0x3C {
                guard let elementEnd = endOfElement(Array(packet[start..<nameEnd]), in: packet, from: nameEnd) else {
                    return nil
                }
                start -= 1
                end = elementEnd
            } else if let attributeEnd = endOfAttribute(in: packet, from: nameEnd) {
                end = attributeEnd
            } else {
                // Part of a text or of a namespace's address: nothing that says where.
                from = nameEnd
                continue
            }
            for index in start..<end { packet[index] = 0x20 }
            isChanged = true
            from = end
        }
        return isChanged
    }

    private static func byteOrder(_ block: [UInt8]) -> Bool? {
        guard block.count >= 8 else { return nil }
        return block.starts(with: [0x4D, 0x4D]) ? true : block.starts(with: [0x49, 0x49]) ? false : nil
    }

    private static func number(_ block: [UInt8], _ offset: Int, _ width: Int, _ isBigEndian: Bool) -> Int? {
        guard offset >= 0, offset <= block.count - width else { return nil }
        return (0..<width).reduce(0) { value, index in
            value << 8 | Int(block[offset + (isBigEndian ? index : width - 1 - index)])
        }
    }

    private static func find(_ tag: Int, in block: [UInt8], at directory: Int, _ isBigEndian: Bool) -> Int? {
        guard let count = number(block, directory, 2, isBigEndian) else { return nil }
        return (0..<count).lazy.map { directory + 2 + 12 * $0 }
            .prefix { $0 <= block.count - 12 }
            .first { number(block, $0, 2, isBigEndian) == tag }
    }

    /// Zeroes directories and the values outside them.
    private struct Eraser {
        var isBigEndian: Bool
        var kept: Range<Int>
        /// Bytes that may still be zeroed: no honest block has more of a place than it has bytes.
        var left: Int

        /// Returns false where that would reach into what is kept, or take too long.
        mutating func wipe(_ block: inout [UInt8], at directory: Int) -> Bool {
            guard let count = number(block, directory, 2, isBigEndian) else { return true }
            let sizes = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
            for index in 0..<min(count, ExifWalk.maximumEntries) {
                let entry = directory + 2 + 12 * index
                guard entry <= block.count - 12, let type = number(block, entry + 2, 2, isBigEndian),
                    let values = number(block, entry + 4, 4, isBigEndian)
                else { break }
                let size = (sizes.indices.contains(type - 1) ? sizes[type - 1] : 1) * values
                if size > 4, let start = number(block, entry + 8, 4, isBigEndian), start <= block.count,
                    size <= block.count - start
                {
                    guard zero(&block, start..<start + size) else { return false }
                }
                guard zero(&block, entry..<entry + 12) else { return false }
            }
            return zero(&block, directory..<directory + 2)
        }

        private mutating func zero(_ block: inout [UInt8], _ range: Range<Int>) -> Bool {
            // The header stays, whatever a file says.
            guard range.lowerBound >= 8, !range.overlaps(kept), range.count <= left else { return false }
            left -= range.count
            for at in range { block[at] = 0 }
            return true
        }
    }

    /// Moves the entries behind this one, and the link to the next directory, to its place.
    private static func remove(_ entry: Int, from block: inout [UInt8], at directory: Int, _ isBigEndian: Bool) {
        guard let count = number(block, directory, 2, isBigEndian), count > 0 else { return }
        let end = min(directory + 2 + 12 * count + 4, block.count)
        if entry + 12 <= end {
            for at in entry..<end - 12 { block[at] = block[at + 12] }
            for at in max(entry, end - 12)..<end { block[at] = 0 }
        }
        let low = UInt8((count - 1) & 255)
        let high = UInt8((count - 1) >> 8)
        block[directory] = isBigEndian ? high : low
        block[directory + 1] = isBigEndian ? low : high
    }

    /// Whether a name has "gps" in it.
    static func namesPlace(_ name: ArraySlice<UInt8>) -> Bool { firstGPS(in: Array(name), from: 0) != nil }

    private static func firstGPS(in bytes: [UInt8], from: Int) -> Int? {
        guard bytes.count >= 3 else { return nil }
        var at = from
        while at <= bytes.count - 3 {
            if bytes[at] | 0x20 == 0x67, bytes[at + 1] | 0x20 == 0x70, bytes[at + 2] | 0x20 == 0x73 { return at }
            at += 1
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: byte >= 0x80
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Behind the closing quote of `="value"`.
    private static func endOfAttribute(in bytes: [UInt8], from: Int) -> Int? {
        var at = from
        while at < bytes.count, isSpace(bytes[at]) { at += 1 }
        guard at < bytes.count, bytes[at] == 0x3D else { return nil }
        at += 1
        while at < bytes.count, isSpace(bytes[at]) { at += 1 }
        guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else { return nil }
        let quote = bytes[at]
        return bytes[(at + 1)...].firstIndex(of: quote).map { $0 + 1 }
    }

    /// Behind `/>` of an element that is empty, or behind its closing tag.
    private static func endOfElement(_ name: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard let open = bytes[from...].firstIndex(of: 0x3E) else { return nil }
        if bytes[open - 1] == 0x2F { return open + 1 }
        let closing = [0x3C, 0x2F] + name
        var at = open + 1
        while at <= bytes.count - closing.count {
            if bytes[at] == 0x3C, bytes[at..<at + closing.count].elementsEqual(closing) {
                return bytes[at...].firstIndex(of: 0x3E).map { $0 + 1 }
            }
            at += 1
        }
        return nil
    }
}
