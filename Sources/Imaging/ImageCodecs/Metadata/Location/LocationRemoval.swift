import ImageModel

/// Removes the place where a picture was made from its metadata.
enum LocationRemoval {
    /// Removes the place from a TIFF block, which keeps its length. Returns whether there was one; nil if only dropping
    /// the whole block is safe: see ``ExifLocationRemoval``.
    ///
    /// - Parameter isInner: whether the block is in one of Photoshop's resources, which may be in a block themselves.
    ///   Two levels are enough for valid files.
    static func clean(exif block: inout [UInt8], isInner: Bool = false) -> Bool? {
        ExifLocationRemoval.clean(&block, isInner: isInner)
    }

    /// The replacement of a block that ``clean(exif:)`` has given up: only its orientation. Nil if no reader finds an
    /// orientation in it, not even "upright", which a later block could then contradict.
    static func replacement(for block: [UInt8]) -> [UInt8]? {
        guard let walk = unsafe ExifReader.read(block.span.bytes) else { return nil }
        return MetadataPolicy.block(for: walk.orientationValue ?? .upright)
    }

    /// Overwrites, with spaces, every property of an XMP packet that contains a place, in any encoding. Returns whether
    /// there was one; nil if the packet has an unexpected form: then only dropping all of it is safe.
    static func clean(xmp packet: inout [UInt8]) -> Bool? { XMPLocationRemoval.clean(&packet) }

    /// The most blocks that are searched for in unknown bytes; no metadata has more.
    private static let maximumBlocks = 8

    /// Whether unknown bytes may contain a place: by a known name, or by a TIFF block that points to a GPS directory.
    /// True also if it cannot be decided.
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
