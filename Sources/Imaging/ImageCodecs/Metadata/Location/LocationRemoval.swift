import ImageModel

/// Takes the place where a picture was made out of its metadata.
enum LocationRemoval {
    /// Takes the place out of a TIFF block, which keeps its length. Returns whether there was one, and nil where only
    /// leaving all of the block out is safe: see ``ExifLocationRemoval``.
    ///
    /// - Parameter isInner: whether the block stands in one of Photoshop's resources, which may stand in a block
    ///   themselves. Two floors are enough for honest files.
    static func clean(exif block: inout [UInt8], isInner: Bool = false) -> Bool? {
        ExifLocationRemoval.clean(&block, isInner: isInner)
    }

    /// What stands in for a block that ``clean(exif:)`` has given up: its orientation and nothing else. Nil where
    /// nobody reads an orientation out of it, not even "upright", which a later block could then contradict.
    static func replacement(for block: [UInt8]) -> [UInt8]? {
        guard let walk = unsafe ExifReader.read(block.span.bytes) else { return nil }
        return MetadataPolicy.block(for: walk.orientationValue ?? .upright)
    }

    /// Writes spaces over every property of an XMP packet that says where, in whatever encoding it is. Returns whether
    /// there was one, and nil where the packet is not written as expected: then only leaving all of it out is safe.
    static func clean(xmp packet: inout [UInt8]) -> Bool? { XMPLocationRemoval.clean(&packet) }

    /// The most blocks that are looked for in bytes of no known kind; there are more in no metadata.
    private static let maximumBlocks = 8

    /// Whether bytes of no known kind may tell of a place: by a name that is known for it, or by a TIFF block that
    /// leads to a GPS directory. Also where nobody could tell.
    static func mayHoldPlace(_ bytes: RawSpan) -> Bool {
        if PlaceNames.areFound(in: bytes) { return true }
        var blocks = 0
        for offset in 0..<max(0, bytes.byteCount - 8) {
            let mark = bytes.byte(at: offset)
            guard mark == 0x4D || mark == 0x49,
                bytes.has([0x4D, 0x4D, 0, 42], at: offset) || bytes.has([0x49, 0x49, 42, 0], at: offset)
            else { continue }
            blocks += 1
            guard blocks <= maximumBlocks else { return true }
            let found = ExifDirectories.read(bytes.copy(offset..<bytes.byteCount))
            if let found, !found.isComplete || !found.found.places.isEmpty { return true }
        }
        return false
    }
}
