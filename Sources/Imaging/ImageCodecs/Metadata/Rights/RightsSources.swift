import ImageModel

/// Collects artist and copyright from the possible places in a file; each of the two comes from the first place that
/// has it.
struct RightsSources {
    /// Longer packets are full of thumbnails and histories, and not worth their memory here.
    private static let maximumPacket = 1 << 20

    /// How many packets are still read: a file may have a hundred thousand, each of which inflates to a megabyte.
    private var packetsLeft = 4

    private(set) var found = EncodedMetadata()

    private var isComplete: Bool { found.artist != nil && found.copyright != nil }

    private mutating func add(_ more: EncodedMetadata?) {
        guard let more else { return }
        found.artist = found.artist ?? more.artist
        found.copyright = found.copyright ?? more.copyright
    }

    private mutating func add(xmp packet: Range<Int>, _ file: RawSpan) {
        guard !isComplete, packetsLeft > 0, packet.count <= Self.maximumPacket else { return }
        packetsLeft -= 1
        add(XMPRights.read(file.copy(packet)))
    }

    /// EXIF, then XMP, then IPTC.
    mutating func add(jpeg file: RawSpan) {
        guard let segments = try? JPEGSegments.all(in: file, limits: CodecLimits()) else { return }
        if let block = ExifLocation.find(jpeg: file, segments: segments) {
            add(EncodedMetadata.read(exif: file.extracting(block)))
        }
        for segment in segments where segment.marker == JPEGSegment.Marker.application1 && !isComplete {
            guard file.has(JPEGSegment.Signature.xmp, at: segment.payload.lowerBound) else { continue }
            add(xmp: segment.payload.dropFirst(JPEGSegment.Signature.xmp.count), file)
        }
        for segment in segments where segment.marker == JPEGSegment.Marker.application13 && !isComplete {
            add(IPTCRights.read(photoshop: file.extracting(segment.payload)))
        }
    }

    /// EXIF, then XMP, then the texts `Author` and `Copyright` (PNG, third edition, 11.3.3.1).
    mutating func add(png file: RawSpan) {
        guard let chunks = try? PNGChunks.all(in: file) else { return }
        if let block = ExifLocation.find(png: file, chunks: chunks) {
            add(EncodedMetadata.read(exif: file.extracting(block)))
        }
        let texts = chunks.compactMap { PNGText(file, $0) }
        for text in texts where text.keyword == PNGChunk.xmpKeyword && !isComplete {
            guard text.isCompressed else {
                add(xmp: text.value, file)
                continue
            }
            guard packetsLeft > 0 else { break }
            packetsLeft -= 1
            add(XMPRights.read(file.extracting(text.value).inflatedPrefix(Self.maximumPacket)))
        }
        for text in texts where !text.isCompressed && text.value.count <= EncodedMetadata.maximumBytes && !isComplete {
            let value = file.copy(text.value)
            let bytes =
                text.isLatin ? Array(String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) })).utf8) : value
            add(
                EncodedMetadata.checked(
                    artist: text.keyword == Array("Author".utf8) ? bytes : nil,
                    copyright: text.keyword == Array("Copyright".utf8) ? bytes : nil))
        }
    }

    /// EXIF, then XMP.
    mutating func add(webp file: RawSpan) {
        guard let chunks = try? WebPChunks.all(in: file) else { return }
        if let block = ExifLocation.find(webp: file, chunks: chunks) {
            add(EncodedMetadata.read(exif: file.extracting(block)))
        }
        for chunk in chunks where chunk.name == WebPChunk.xmp { add(xmp: chunk.data, file) }
    }

    /// EXIF, then XMP.
    mutating func add(avif file: RawSpan) {
        if let block = (try? AVIFHeader.read(file, limits: CodecLimits()))?.exif {
            add(EncodedMetadata.read(exif: file.extracting(block)))
        }
        guard !isComplete,
            let meta = AVIFBox.children(file, in: 0..<file.byteCount).first(where: { $0.name == AVIFBox.metadata }),
            let items = try? AVIFItems.read(file, meta: meta)
        else { return }
        // In the order of their numbers, so that the result is always the same.
        for item in items.types.keys.sorted() where items.types[item] == FourCC("mime") {
            if let packet = items.locations[item] { add(xmp: packet, file) }
        }
    }
}
