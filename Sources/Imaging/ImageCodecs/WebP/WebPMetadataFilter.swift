import ImageModel

/// WebP: the EXIF and XMP chunks.
enum WebPMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        let chunks = try WebPChunks.all(in: file, limits: limits)
        guard let first = chunks.first, first.name == WebPChunk.extended, first.data.count >= 10 else {
            // A simple file has only its picture; libwebp reads nothing after it.
            let picture = WebPChunk.file(chunks.prefix(1).map { WebPChunk.encode($0.name, file.copy($0.data)) })
            guard let block = MetadataPolicy.exif(for: info.orientation) else { return picture }
            return try unsafe WebPContainer.rebuild(picture.span.bytes, size: info.size, exif: block)
        }
        var header = file.copy(first.data)
        header[0] &= ~(WebPChunk.Flag.exif | WebPChunk.Flag.xmp)
        var parts: [[UInt8]] = []
        for chunk in chunks.dropFirst() {
            var data = file.copy(chunk.data)
            switch chunk.name {
            case WebPChunk.exif:
                if policy == .dropAll { continue }
                guard let rest = cleaned(exif: chunk.data, file) else { continue }
                data = rest
                header[0] |= WebPChunk.Flag.exif
            case WebPChunk.xmp:
                if policy == .dropAll { continue }
                guard LocationRemoval.clean(xmp: &data) != nil else { continue }
                header[0] |= WebPChunk.Flag.xmp
            case WebPChunk.lossy, WebPChunk.lossless, WebPChunk.alpha, WebPChunk.animation, WebPChunk.frame,
                WebPChunk.profile:
                break
            default:
                if policy == .dropAll || LocationRemoval.mayHoldPlace(file.extracting(chunk.data)) { continue }
            }
            parts.append(WebPChunk.encode(chunk.name, data))
        }
        if policy == .dropAll, let block = MetadataPolicy.exif(for: info.orientation) {
            header[0] |= WebPChunk.Flag.exif
            parts.append(WebPChunk.encode(WebPChunk.exif, block))
        }
        return WebPChunk.file([WebPChunk.encode(WebPChunk.extended, header)] + parts)
    }

    /// An EXIF chunk's data without a place, after any header; nil if nothing can be kept.
    private static func cleaned(exif data: Range<Int>, _ file: RawSpan) -> [UInt8]? {
        let place = ExifHeader.anyTIFF(chunk: file, data)
        guard ExifHeader.isTIFF(file, place) else {
            return LocationRemoval.mayHoldPlace(file.extracting(data)) ? nil : file.copy(data)
        }
        var block = file.copy(place)
        if LocationRemoval.clean(exif: &block) == nil {
            guard let rest = LocationRemoval.replacement(for: block) else { return nil }
            block = rest
        }
        return file.copy(data.lowerBound..<place.lowerBound) + block
    }
}
