import ImageModel

/// Changes to metadata that keep every length, so that all offsets in it stay right, those of maker notes too.
enum MetadataEdit {
    /// Rewrites an EXIF block for a picture whose pixels were turned by `total` and now stand upright.
    ///
    /// `turnThumbnail` turns a JPEG by `total`, or returns nil where it cannot.
    static func turnExif(
        _ block: inout [UInt8], by total: Orientation, turnThumbnail: (_ thumbnail: [UInt8]) -> [UInt8]?
    ) {
        guard let walk = unsafe ExifWalk.read(block.span.bytes) else { return }
        if let orientation = walk.orientation { write(1, to: orientation, in: &block, walk) }
        guard total != .upright else { return }
        if total.swapsAxes {
            exchange(walk.pixelWidth, walk.pixelHeight, in: &block, walk)
            exchange(walk.imageWidth, walk.imageHeight, in: &block, walk)
        }
        guard let link = walk.nextDirectory, link.value != 0 else { return }
        if let range = walk.thumbnail, let length = walk.thumbnailLength,
            let turned = turnThumbnail(Array(block[range])), turned.count <= range.count
        {
            block.replaceSubrange(
                range, with: turned + [UInt8](repeating: 0, count: range.count - turned.count))
            write(turned.count, to: length, in: &block, walk)
            if let orientation = walk.thumbnailOrientation { write(1, to: orientation, in: &block, walk) }
        } else {
            // Without the link nobody finds the second directory, and no wrong thumbnail.
            write(0, to: link, in: &block, walk)
            if let range = walk.thumbnail {
                block.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
            }
        }
    }

    /// Sets `tiff:Orientation` in an XMP packet to 1, as attribute and as element: one digit for one digit.
    static func normalizeXMP(_ packet: inout [UInt8]) {
        let name = Array("tiff:Orientation".utf8)
        var from = 0
        while let found = firstIndex(of: name, in: packet, from: from) {
            from = found + name.count
            var at = from
            // `="6"`, `='6'` or `>6<`, with spaces around the equals sign.
            while at < packet.count, [0x20, 0x09, 0x0A, 0x0D, 0x3D, 0x22, 0x27, 0x3E].contains(packet[at]) { at += 1 }
            guard at > from, at + 1 < packet.count, (0x31...0x38).contains(packet[at]),
                [0x22, 0x27, 0x3C, 0x20].contains(packet[at + 1])
            else { continue }
            packet[at] = 0x31
        }
    }

    private static func exchange(
        _ first: ExifWalk.Number?, _ second: ExifWalk.Number?, in block: inout [UInt8], _ walk: ExifWalk
    ) {
        guard let first, let second else { return }
        write(second.value, to: first, in: &block, walk)
        write(first.value, to: second, in: &block, walk)
    }

    /// Writes a value where the walk found one; one that does not fit the field is left as it was.
    private static func write(_ value: Int, to number: ExifWalk.Number, in block: inout [UInt8], _ walk: ExifWalk) {
        guard value >= 0, value < 1 << (8 * number.width) else { return }
        for index in 0..<number.width {
            let shift = 8 * (walk.isBigEndian ? number.width - 1 - index : index)
            block[number.offset + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }

    private static func firstIndex(of wanted: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
        var at = from
        while at <= bytes.count - wanted.count {
            if bytes[at] == first, bytes[at..<at + wanted.count].elementsEqual(wanted) { return at }
            at += 1
        }
        return nil
    }
}
