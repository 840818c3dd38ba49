import ImageModel

/// AVIF: the contents of the Exif and XMP items are overwritten in place, because boxes are full of offsets. An
/// orientation is a property of the picture and not metadata here.
///
/// Everything except the boxes that a picture needs (XMP in a `uuid`, films in `mpvd`, a sequence's `udta`) is removed
/// completely under both policies: nobody can tell what it says about the place.
enum AVIFMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, end: Int, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        _ = try AVIFHeader.read(file, limits: limits)
        // After bytes that are not a box, there may be boxes again, but they are not kept.
        let boxes = AVIFBox.children(file, in: 0..<file.byteCount).filter { $0.range.upperBound <= end }
        guard let meta = boxes.first(where: { $0.name == AVIFBox.metadata }),
            let items = try AVIFItems.read(file, meta: meta), let pieces = AVIFItemPieces.read(file, meta: meta)
        else { throw .damaged("an AVIF without a header") }
        // With so many boxes nobody would search for metadata here, but others might.
        guard boxes.last?.range.upperBound == end else { throw tooManyBoxes }
        var result = file.copy(0..<end)
        let told = items.types.filter { !pictures.contains($0.value) }
        if !told.isEmpty, !pieces.isComplete { throw unreachable }
        let taken = try places(of: told, pieces, boxes: boxes, meta: meta, end: end, file)
        for (item, parts) in taken {
            guard let type = items.types[item] else { continue }
            let bytes = parts.flatMap { file.copy($0) }
            let isEmptied = policy == .dropAll && metadata.contains(type)
            var rest = isEmptied ? emptied(type, bytes)[...] : cleaned(type, bytes)[...]
            guard rest.count == bytes.count else { throw .internalError("an item of another length") }
            for part in parts {
                result.replaceSubrange(part, with: rest.prefix(part.count))
                rest = rest.dropFirst(part.count)
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

    /// Items that are only metadata.
    private static let metadata: Set<FourCC> = [FourCC("Exif"), FourCC("mime"), FourCC("uri ")]
    /// Coded pictures, and items derived from them (ISO/IEC 23008-12, 6.6.2).
    private static let pictures = Set(
        (["av01", "hvc1", "grid", "iden", "iovl", "tmap"] as [StaticString]).map { FourCC($0) })

    /// Where the bytes of these items are.
    ///
    /// - Throws: if they share bytes with one another, with a picture or with the header.
    private static func places(
        of told: [Int: FourCC], _ pieces: AVIFItemPieces, boxes: [AVIFBox], meta: AVIFBox, end: Int, _ file: RawSpan
    ) throws(CodecError) -> [(item: Int, parts: [Range<Int>])] {
        let held =
            AVIFBox.children(file, in: meta.full(file)?.content ?? meta.content)
            .filter { $0.name == FourCC("idat") } + boxes.filter { $0.name == AVIFBox.mediaData }
        var taken: [(item: Int, parts: [Range<Int>])] = []
        // Items must not share bytes: thousands of them in one place would take as many passes over it.
        var left = end
        for item in told.keys.sorted() {
            // An item without a place has no bytes.
            guard let known = pieces.ranges[item] else { continue }
            guard let parts = known else {
                guard let type = told[item], metadata.contains(type) else { continue }
                throw unreachable
            }
            left -= parts.reduce(0) { $0 + $1.count }
            let isHeld = parts.allSatisfy { part in
                part.isEmpty
                    || held.contains {
                        $0.content.lowerBound <= part.lowerBound && part.upperBound <= $0.content.upperBound
                    }
            }
            guard left >= 0, isHeld else { throw shared }
            taken.append((item, parts))
        }
        // In sorted order, a range that shares bytes with any other one shares them with a neighbour.
        let others = pieces.ranges.filter { told[$0.key] == nil }.values.flatMap { $0 ?? [] }
        var all = taken.flatMap { $0.parts.map { (range: $0, isTold: true) } }
        all += others.map { (range: $0, isTold: false) }
        all = all.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        var reached = (end: 0, isTold: false)
        for (range, isTold) in all {
            // Pictures may share bytes with each other: only what is changed must be separate.
            if range.lowerBound < reached.end, isTold || reached.isTold { throw shared }
            if range.upperBound > reached.end { reached = (range.upperBound, isTold) }
        }
        return taken
    }

    private static func emptied(_ type: FourCC, _ bytes: [UInt8]) -> [UInt8] {
        // An empty directory, or only spaces.
        let isExif = type == FourCC("Exif")
        let empty: [UInt8] = isExif ? [0, 0, 0, 0, 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0] : []
        let rest = [UInt8](repeating: isExif ? 0 : 0x20, count: max(0, bytes.count - empty.count))
        return Array((empty + rest).prefix(bytes.count))
    }

    private static func cleaned(_ type: FourCC, _ bytes: [UInt8]) -> [UInt8] {
        switch type {
        case FourCC("Exif"): return cleaned(exif: bytes)
        case FourCC("mime"):
            var packet = bytes
            // Without markup it is compressed, or something unknown.
            guard packet.contains(0x3C), LocationRemoval.clean(xmp: &packet) != nil else {
                return [UInt8](repeating: 0x20, count: bytes.count)
            }
            return packet
        default:
            var content = bytes
            EmbeddedJPEG.clean(&content)
            guard unsafe LocationRemoval.mayHoldPlace(content.span.bytes) else { return content }
            return [UInt8](repeating: 0, count: bytes.count)
        }
    }

    /// Four bytes say where the TIFF block begins (ISO/IEC 23008-12, A.2.1). Some writers omit them, or put the header
    /// of a JPEG's EXIF in their place or after them.
    private static func cleaned(exif bytes: [UInt8]) -> [UInt8] {
        let zeros = [UInt8](repeating: 0, count: bytes.count)
        let span = unsafe bytes.span.bytes
        var place = 0..<bytes.count
        if !ExifHeader.isTIFF(span, place), !span.hasPrefix(ExifHeader.signature) {
            // If the offset is invalid, nobody knows where another reader finds its block.
            guard bytes.count > 4, let skipped = span.bigEndian32(at: 0), skipped < bytes.count - 4 else {
                return zeros
            }
            place = 4 + skipped..<bytes.count
        }
        place = ExifHeader.anyTIFF(chunk: span, place)
        var block = span.copy(place)
        // No reader takes an AVIF's orientation from its EXIF (MIAF): no replacement is needed.
        guard ExifHeader.isTIFF(span, place), LocationRemoval.clean(exif: &block) != nil else {
            return LocationRemoval.mayHoldPlace(span) ? zeros : bytes
        }
        let result = bytes[..<place.lowerBound] + block
        return Array(result)
    }

    private static var unreachable: CodecError {
        .unsupported("this AVIF has its metadata in a place where they cannot be dropped")
    }

    private static var shared: CodecError { .damaged("metadata in the place of something else in the AVIF") }

    private static var tooManyBoxes: CodecError {
        .unsupported("this AVIF has too many boxes for its metadata to be dropped")
    }

    /// Turns all boxes that are not needed into free space. They keep their places, so all offsets stay valid.
    private static func blank(_ boxes: [AVIFBox], in result: inout [UInt8]) {
        // Only the first one of these is read.
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

    /// User data of the header, the sequence and the tracks (ISO/IEC 14496-12, 8.10 and 8.11.2; the `meta` of a track
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
}
