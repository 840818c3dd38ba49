import ImageModel

/// AVIF: the contents of the Exif and XMP items, written over where they stand, since boxes are full of offsets. An
/// orientation is a property of the picture and no metadata here.
///
/// Whatever stands beside the boxes that a picture needs (XMP in a `uuid`, films in `mpvd`, a sequence's `udta`) goes
/// whole under both policies: what it says of the place nobody can tell.
enum AVIFMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, end: Int, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        _ = try AVIFHeader.read(file, limits: limits)
        // What follows something that is no box may look like boxes again, but does not stay.
        let boxes = AVIFBox.children(file, in: 0..<file.byteCount).filter { $0.range.upperBound <= end }
        guard let meta = boxes.first(where: { $0.name == AVIFBox.metadata }),
            let items = try AVIFItems.read(file, meta: meta)
        else { throw .damaged("an AVIF without a header") }
        // Beyond so many boxes nobody would look for metadata here, but others might.
        guard boxes.last?.range.upperBound == end else { throw tooManyBoxes }
        var result = file.copy(0..<end)
        // Items may not share their bytes: thousands of them in one place would take as many passes over it.
        var left = end
        for (item, type) in items.types where type == FourCC("Exif") || type == FourCC("mime") {
            guard let range = items.locations[item] else {
                throw .unsupported("this AVIF keeps its metadata in pieces, which cannot be dropped")
            }
            left -= range.count
            guard left >= 0, isApart(range, boxes: boxes, items: items) else {
                throw .damaged("metadata in the place of something else in the AVIF")
            }
            let isExif = type == FourCC("Exif")
            if policy == .dropAll {
                // An empty directory, and nothing but spaces.
                let empty: [UInt8] = isExif ? [0, 0, 0, 0, 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0] : []
                let filler: UInt8 = isExif ? 0 : 0x20
                let rest = [UInt8](repeating: filler, count: max(0, range.count - empty.count))
                result.replaceSubrange(range, with: (empty + rest).prefix(range.count))
            } else if isExif {
                guard range.count > 4, let skipped = file.bigEndian32(at: range.lowerBound), skipped < range.count - 4
                else {
                    // Nobody knows where another reader takes its block from.
                    result.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
                    continue
                }
                let place = range.lowerBound + 4 + skipped..<range.upperBound
                var block = file.copy(place)
                // No reader takes an AVIF's orientation from its EXIF (MIAF): nothing has to stand in.
                if LocationRemoval.clean(exif: &block) == nil { block = [UInt8](repeating: 0, count: block.count) }
                result.replaceSubrange(place, with: block)
            } else {
                var packet = file.copy(range)
                if LocationRemoval.clean(xmp: &packet) == nil {
                    packet = [UInt8](repeating: 0x20, count: packet.count)
                }
                result.replaceSubrange(range, with: packet)
            }
        }
        blank(boxes, in: &result)
        if let content = meta.full(file)?.content { _ = try blankUserData(file, in: content, &result) }
        if let movie = boxes.first(where: { $0.name == AVIFBox.movie }) {
            for track in try blankUserData(file, in: movie.content, &result) where track.name == FourCC("trak") {
                _ = try blankUserData(file, in: track.content, &result)
            }
        }
        return result
    }

    private static var tooManyBoxes: CodecError {
        .unsupported("this AVIF has too many boxes for its metadata to be dropped")
    }

    /// Makes free space of all boxes that are not needed. They keep their places, so that all offsets hold.
    private static func blank(_ boxes: [AVIFBox], in result: inout [UInt8]) {
        // Of these only the first one is read.
        var needed: Set<FourCC> = [AVIFBox.fileType, AVIFBox.metadata, AVIFBox.movie]
        for box in boxes {
            if box.name == AVIFBox.mediaData || needed.remove(box.name) != nil { continue }
            blank(box, in: &result)
        }
    }

    private static func blank(_ box: AVIFBox, in result: inout [UInt8]) {
        result.replaceSubrange(box.range.lowerBound + 4..<box.range.lowerBound + 8, with: AVIFBox.free.bytes)
        result.replaceSubrange(box.content, with: [UInt8](repeating: 0, count: box.content.count))
    }

    /// What header, sequence and tracks say of themselves (ISO/IEC 14496-12, 8.10 and 8.11.2; the `meta` of a track
    /// leads to EXIF of its own). Returns all the boxes there.
    private static func blankUserData(
        _ file: RawSpan, in bounds: Range<Int>, _ result: inout [UInt8]
    ) throws(CodecError) -> [AVIFBox] {
        let children = AVIFBox.children(file, in: bounds)
        guard children.count < AVIFBox.maximumChildren else { throw tooManyBoxes }
        let told: Set<FourCC> = [
            FourCC("udta"), FourCC("uuid"), FourCC("xml "), FourCC("bxml"), AVIFBox.metadata,
        ]
        for box in children where told.contains(box.name) { blank(box, in: &result) }
        return children
    }

    /// Whether a range lies in the media data, and in no picture's.
    private static func isApart(_ range: Range<Int>, boxes: [AVIFBox], items: AVIFItems) -> Bool {
        let isData = boxes.contains {
            $0.name == FourCC("mdat") && $0.content.lowerBound <= range.lowerBound
                && range.upperBound <= $0.content.upperBound
        }
        return isData
            && items.locations.allSatisfy { item, other in
                let type = items.types[item]
                return type == FourCC("Exif") || type == FourCC("mime") || !range.overlaps(other)
            }
    }
}
