import ImageModel

/// Searches for the time of a photo if its EXIF has none: in XMP, and in IPTC's records.
struct CaptureTimeSources {
    /// Longer packets are full of thumbnails and histories.
    private static let maximumPacket = 1 << 20

    /// How many packets and records are still read: a file may have a hundred thousand.
    private var packetsLeft = 4
    private var recordsLeft = 4

    private var original: PhotoFacts.CaptureTime?
    private var iptc: PhotoFacts.CaptureTime?
    private var created: PhotoFacts.CaptureTime?
    private var digitized: PhotoFacts.CaptureTime?

    /// The time in a whole file; nil if it has none that is valid.
    static func read(_ file: RawSpan, format: ImageFormat) -> PhotoFacts.CaptureTime? {
        var sources = CaptureTimeSources()
        switch format {
        case .jpeg: sources.add(jpeg: file)
        case .png: sources.add(png: file)
        case .webp: sources.add(webp: file)
        case .avif: sources.add(avif: file)
        }
        return sources.original ?? sources.iptc ?? sources.created ?? sources.digitized
    }

    private mutating func add(jpeg file: RawSpan) {
        guard let segments = try? JPEGSegments.all(in: file, limits: CodecLimits()) else { return }
        for segment in segments where segment.marker == JPEGSegment.Marker.application1 && packetsLeft > 0 {
            guard file.has(JPEGSegment.Signature.xmp, at: segment.payload.lowerBound) else { continue }
            add(xmp: file.copy(segment.payload.dropFirst(JPEGSegment.Signature.xmp.count)))
        }
        // Resources continue in the next segment, wherever one ends.
        var resources: [UInt8] = []
        let signature = PhotoshopResources.signature
        for segment in segments where segment.marker == JPEGSegment.Marker.application13 {
            guard file.has(signature, at: segment.payload.lowerBound), resources.count < Self.maximumPacket else {
                continue
            }
            resources += file.copy(segment.payload.dropFirst(signature.count))
        }
        add(resources: resources)
    }

    private mutating func add(png file: RawSpan) {
        guard let chunks = try? PNGChunks.all(in: file) else { return }
        var reader = PNGTextReader()
        for chunk in chunks {
            guard let text = PNGText(file, chunk) else { continue }
            if text.isXMP {
                guard packetsLeft > 0, let packet = reader.value(of: text, in: file) else { continue }
                add(xmp: packet)
            } else if let kind = text.profileKind, ["xmp", "app1", "iptc", "8bim"].contains(kind) {
                guard let value = reader.value(of: text, in: file), let bytes = PNGProfile.decode(value) else {
                    continue
                }
                add(profile: kind, bytes)
            }
        }
    }

    private mutating func add(profile kind: String, _ bytes: [UInt8]) {
        switch kind {
        case "xmp", "app1": add(xmp: bytes)
        // The records themselves, or the resources around them.
        default:
            if bytes.first == 0x1C { add(records: bytes) } else { add(resources: bytes) }
        }
    }

    private mutating func add(webp file: RawSpan) {
        guard let chunks = try? WebPChunks.all(in: file) else { return }
        for chunk in chunks where chunk.name == WebPChunk.xmp && chunk.data.count <= Self.maximumPacket {
            guard packetsLeft > 0 else { break }
            add(xmp: file.copy(chunk.data))
        }
    }

    private mutating func add(avif file: RawSpan) {
        guard let meta = AVIFBox.children(file, in: 0..<file.byteCount).first(where: { $0.name == AVIFBox.metadata }),
            let items = try? AVIFItems.read(file, meta: meta), let pieces = AVIFItemPieces.read(file, meta: meta)
        else { return }
        for item in items.types.keys.sorted() where items.types[item] == FourCC("mime") && packetsLeft > 0 {
            guard let parts = pieces.ranges[item] ?? nil, parts.reduce(0, { $0 + $1.count }) <= Self.maximumPacket
            else {
                continue
            }
            add(xmp: parts.flatMap { file.copy($0) })
        }
    }

    private mutating func add(resources: [UInt8]) {
        let bytes = unsafe resources.span.bytes
        var at = 0
        while let block = PhotoshopResources.next(bytes, at: at) {
            switch block.id {
            case PhotoshopResources.iptc: add(records: bytes.copy(block.data))
            case PhotoshopResources.xmp: add(xmp: bytes.copy(block.data))
            default: break
            }
            at = block.range.upperBound
        }
    }

    private mutating func add(xmp packet: [UInt8]) {
        guard packetsLeft > 0, packet.count <= Self.maximumPacket else { return }
        packetsLeft -= 1
        let letters = XMPText(packet).letters
        func time(_ name: String) -> PhotoFacts.CaptureTime? {
            XMPRights.values(name, in: letters).first.flatMap { PhotoFacts.CaptureTime(xmp: $0) }
        }
        original = original ?? time("exif:DateTimeOriginal")
        created = created ?? time("photoshop:DateCreated")
        // The namespace's prefix was once xap.
        digitized = digitized ?? time("xmp:CreateDate") ?? time("xap:CreateDate")
    }

    private mutating func add(records: [UInt8]) {
        guard recordsLeft > 0, iptc == nil else { return }
        recordsLeft -= 1
        let bytes = unsafe records.span.bytes
        var date: [UInt8]?
        var time: [UInt8]?
        IPTCRecords.forEach(bytes) { record, number, value in
            guard record == 2, value.count <= 16 else { return }
            if number == 55, date == nil { date = bytes.copy(value) }
            if number == 60, time == nil { time = bytes.copy(value) }
        }
        if let date, let time { iptc = PhotoFacts.CaptureTime(iptcDate: date, time: time) }
    }
}
