import ImageModel

/// Puts chunks of metadata around the picture of a WebP file.
enum WebPContainer {
    /// The picture of `encoded`, which libwebp has just written, in a new file with these chunks.
    ///
    /// VP8X comes first, ICCP before the picture, EXIF and XMP after it, then the others (RFC 9649 section 2.7).
    static func rebuild(
        _ encoded: RawSpan, size: PixelSize, profile: [UInt8]? = nil, exif: [UInt8]? = nil, xmp: [UInt8]? = nil,
        others: [(name: FourCC, data: [UInt8])] = []
    ) throws(CodecError) -> [UInt8] {
        let picture = try WebPChunks.all(in: encoded).filter {
            [WebPChunk.alpha, WebPChunk.lossy, WebPChunk.lossless].contains($0.name)
        }
        var flags: UInt8 = 0
        if profile != nil { flags |= WebPChunk.Flag.profile }
        if exif != nil { flags |= WebPChunk.Flag.exif }
        if xmp != nil { flags |= WebPChunk.Flag.xmp }
        if hasAlpha(encoded, picture) { flags |= WebPChunk.Flag.alpha }

        let header = WebPChunk.extendedHeader(flags: flags, width: size.width, height: size.height)
        var chunks = [WebPChunk.encode(WebPChunk.extended, header)]
        if let profile { chunks.append(WebPChunk.encode(WebPChunk.profile, profile)) }
        chunks += picture.map { WebPChunk.encode($0.name, encoded.copy($0.data)) }
        if let exif { chunks.append(WebPChunk.encode(WebPChunk.exif, exif)) }
        if let xmp { chunks.append(WebPChunk.encode(WebPChunk.xmp, xmp)) }
        chunks += others.map { WebPChunk.encode($0.name, $0.data) }
        return WebPChunk.file(chunks)
    }

    /// The same file, with its chunks unchanged, and an EXIF chunk at its end. A simple file becomes an extended one.
    static func adding(exif: [UInt8], to file: RawSpan, size: PixelSize) throws(CodecError) -> [UInt8] {
        let chunks = try WebPChunks.all(in: file, limits: CodecLimits(maximumChunks: .max))
        guard let first = chunks.first, first.name == WebPChunk.extended, first.data.count >= 10 else {
            return try rebuild(file, size: size, exif: exif)
        }
        var header = file.copy(first.data)
        header[0] |= WebPChunk.Flag.exif
        var parts = [WebPChunk.encode(WebPChunk.extended, header)]
        parts += chunks.dropFirst().map { WebPChunk.encode($0.name, file.copy($0.data)) }
        return WebPChunk.file(parts + [WebPChunk.encode(WebPChunk.exif, exif)])
    }

    /// ALPH, or the alpha bit of VP8L, which follows the 28 bits of its size (RFC 9649 section 3.4).
    private static func hasAlpha(_ bytes: RawSpan, _ picture: [WebPChunk]) -> Bool {
        picture.contains { chunk in
            if chunk.name == WebPChunk.alpha { return true }
            guard chunk.name == WebPChunk.lossless, chunk.data.count >= 5 else { return false }
            return bytes.byte(at: chunk.data.lowerBound + 4) & 0x10 != 0
        }
    }
}
