public import ImageModel

/// What becomes of an upload's metadata. The pixels, and all that says how they look, stay as they are byte for byte:
/// coded data, profile, orientation, densities, frames.
public enum MetadataPolicy: String, Sendable, Hashable, CaseIterable {
    /// Everything is kept.
    case keep
    /// The place is taken out of EXIF, XMP and a PNG's texts: everything with GPS in its name.
    case dropLocation = "drop-location"
    /// EXIF, XMP, IPTC, comments and texts go.
    case dropAll = "drop-all"

    /// The file under this policy; nil where it stays as it is.
    ///
    /// Where anything is dropped, so is what stands behind the picture's end (gain maps, previews, films), since it has
    /// metadata of its own, together with its index.
    ///
    /// - Parameter info: what ``ImageHeader/read(_:limits:)`` said of the whole file.
    /// - Throws: `damaged`, `truncated`, `tooLarge`.
    public func apply(
        to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8]? {
        guard self != .keep else { return nil }
        var structure = StructureCheck(format: info.format, limits: limits)
        try structure.consume(file)
        let end = try structure.finish().imageEnd
        let result =
            switch info.format {
            case .jpeg: try JPEGMetadataFilter.apply(self, to: file, end: end, info: info, limits: limits)
            case .png: try PNGMetadataFilter.apply(self, to: file, info: info, limits: limits)
            case .webp: try WebPMetadataFilter.apply(self, to: file, info: info, limits: limits)
            case .avif: try AVIFMetadataFilter.apply(self, to: file, end: end, limits: limits)
            }
        if result.count == file.byteCount, file.has(result, at: 0) { return nil }
        // Only metadata laid out to contradict themselves get here; a picture that looks different is not stored.
        let after = try unsafe ImageHeader.read(result.span.bytes, limits: limits)
        guard after.size == info.size, after.orientation == info.orientation, after.frames == info.frames else {
            throw .damaged("metadata whose parts overlap")
        }
        return result
    }

    /// A TIFF block that says the orientation and nothing else; nil where there is none to be said.
    static func exif(for orientation: Orientation) -> [UInt8]? {
        orientation == .upright ? nil : block(for: orientation)
    }

    /// A TIFF block that says the orientation and nothing else.
    static func block(for orientation: Orientation) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.rawValue, 0, 0]
            + [0, 0, 0, 0]
    }
}

/// JPEG: segments before the first scan, and between the scans of a progressive file.
enum JPEGMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, end: Int, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        let segments = try JPEGSegments.all(in: file, limits: limits)
        var result: [UInt8] = [0xFF, JPEGSegment.Marker.startOfImage]
        result.reserveCapacity(end)
        if policy == .dropAll, let block = MetadataPolicy.exif(for: info.orientation) {
            result += JPEGSegment.encode(JPEGSegment.Marker.application1, ExifLocation.signature + block) ?? []
        }
        guard let last = segments.last else { throw .damaged("a JPEG without segments") }
        for part in segments { result += kept(policy, part, file) }
        var at = last.range.upperBound
        for part in try JPEGSegments.metadata(behind: at, before: end, in: file, limits: limits) {
            result += file.copy(at..<part.range.lowerBound) + kept(policy, part, file)
            at = part.range.upperBound
        }
        return result + file.copy(at..<end)
    }

    private static func kept(_ policy: MetadataPolicy, _ part: JPEGSegment, _ file: RawSpan) -> [UInt8] {
        guard policy == .dropAll else { return cleaned(part, file) }
        return isNeeded(part, file) ? file.copy(part.range) : []
    }

    /// What is no metadata, and among those JFIF, the profile and Adobe's word on the colour space.
    private static func isNeeded(_ part: JPEGSegment, _ file: RawSpan) -> Bool {
        guard part.isMetadata else { return true }
        switch part.marker {
        case JPEGSegment.Marker.application0: return file.has(JPEGSegment.Signature.jfif, at: part.payload.lowerBound)
        case JPEGSegment.Marker.application2: return file.has(ICCProfile.jpegSignature, at: part.payload.lowerBound)
        case JPEGSegment.Marker.application14: return true
        default: return false
        }
    }

    private static func cleaned(_ part: JPEGSegment, _ file: RawSpan) -> [UInt8] {
        var payload = file.copy(part.payload)
        switch part.marker {
        case JPEGSegment.Marker.application1 where payload.starts(with: ExifLocation.signature):
            var block = Array(payload.dropFirst(ExifLocation.signature.count))
            guard let isChanged = LocationRemoval.clean(exif: &block) else {
                let rest = LocationRemoval.replacement(for: block)
                return rest.flatMap { JPEGSegment.encode(part.marker, ExifLocation.signature + $0) } ?? []
            }
            guard isChanged else { break }
            payload = ExifLocation.signature + block
        case JPEGSegment.Marker.application1 where payload.starts(with: JPEGSegment.Signature.xmp):
            var packet = Array(payload.dropFirst(JPEGSegment.Signature.xmp.count))
            guard let isChanged = LocationRemoval.clean(xmp: &packet) else { return [] }
            guard isChanged else { break }
            payload = JPEGSegment.Signature.xmp + packet
        // Parts of one packet, which a name may be cut in two by.
        case JPEGSegment.Marker.application1 where payload.starts(with: JPEGSegment.Signature.extendedXMP): return []
        case JPEGSegment.Marker.application2 where payload.starts(with: JPEGSegment.Signature.multiPicture): return []
        default: break
        }
        return file.copy(part.range.lowerBound..<part.payload.lowerBound) + payload
    }
}

/// PNG: chunks.
enum PNGMetadataFilter {
    /// What says how the picture looks, beside the critical chunks (whose first letter is a capital).
    private static let needed = Set(
        (["tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "pHYs", "bKGD", "acTL", "fcTL", "fdAT"]
            as [StaticString]).map { FourCC($0) })
    private static let xmpKeyword = PNGChunk.xmpKeyword + [0]

    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        var result = PNGChunk.signature
        var exif = policy == .dropAll ? MetadataPolicy.exif(for: info.orientation) : nil
        for chunk in try PNGChunks.all(in: file, limits: limits) {
            if chunk.name == PNGChunk.imageData, let block = exif {
                result += PNGChunk.encode(PNGChunk.exif, block)
                exif = nil
            }
            let isCritical = chunk.name.rawValue >> 24 & 0x20 == 0
            if isCritical || needed.contains(chunk.name) {
                result += file.copy(chunk.range)
            } else if policy != .dropAll {
                result += cleaned(chunk, file)
            }
        }
        return result
    }

    private static func cleaned(_ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        var data = file.copy(chunk.data)
        switch chunk.name {
        case PNGChunk.exif:
            guard let isChanged = LocationRemoval.clean(exif: &data) else {
                return LocationRemoval.replacement(for: data).map { PNGChunk.encode(chunk.name, $0) } ?? []
            }
            return isChanged ? PNGChunk.encode(chunk.name, data) : file.copy(chunk.range)
        case PNGChunk.internationalText where data.starts(with: xmpKeyword):
            // A compressed packet would have to be opened to be searched.
            guard data.count > xmpKeyword.count, data[xmpKeyword.count] == 0 else { return [] }
            guard let isChanged = LocationRemoval.clean(xmp: &data) else { return [] }
            return isChanged ? PNGChunk.encode(chunk.name, data) : file.copy(chunk.range)
        case FourCC("tEXt"), FourCC("zTXt"), PNGChunk.internationalText:
            // How ImageMagick keeps EXIF and XMP: as hexadecimal digits.
            if data.starts(with: Array("Raw profile type".utf8)) { return [] }
            // And single values: `exif:GPSLatitude`.
            return LocationRemoval.namesPlace(data.prefix { $0 != 0 }) ? [] : file.copy(chunk.range)
        default: return file.copy(chunk.range)
        }
    }
}

/// WebP: the EXIF and XMP chunks.
enum WebPMetadataFilter {
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        let chunks = try WebPChunks.all(in: file, limits: limits)
        guard let first = chunks.first, first.name == WebPChunk.extended, first.data.count >= 10 else {
            // A simple file has its picture and nothing else; libwebp does not look behind it.
            return WebPChunk.file(chunks.prefix(1).map { WebPChunk.encode($0.name, file.copy($0.data)) })
        }
        var header = file.copy(first.data)
        header[0] &= ~(WebPChunk.Flag.exif | WebPChunk.Flag.xmp)
        var parts: [[UInt8]] = []
        for chunk in chunks.dropFirst() {
            var data = file.copy(chunk.data)
            switch chunk.name {
            case WebPChunk.exif:
                if policy == .dropAll { continue }
                var block = file.copy(ExifLocation.skippingSignature(file, chunk.data))
                let prefix = data.count - block.count
                if LocationRemoval.clean(exif: &block) == nil {
                    guard let rest = LocationRemoval.replacement(for: block) else { continue }
                    block = rest
                }
                data = data.prefix(prefix) + block
                header[0] |= WebPChunk.Flag.exif
            case WebPChunk.xmp:
                if policy == .dropAll { continue }
                guard LocationRemoval.clean(xmp: &data) != nil else { continue }
                header[0] |= WebPChunk.Flag.xmp
            case WebPChunk.lossy, WebPChunk.lossless, WebPChunk.alpha, WebPChunk.animation, WebPChunk.frame,
                WebPChunk.profile:
                break
            default:
                if policy == .dropAll { continue }
            }
            parts.append(WebPChunk.encode(chunk.name, data))
        }
        if policy == .dropAll, let block = MetadataPolicy.exif(for: info.orientation) {
            header[0] |= WebPChunk.Flag.exif
            parts.append(WebPChunk.encode(WebPChunk.exif, block))
        }
        return WebPChunk.file([WebPChunk.encode(WebPChunk.extended, header)] + parts)
    }
}
