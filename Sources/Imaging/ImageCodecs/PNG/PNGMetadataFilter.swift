import ImageModel

/// PNG: chunks.
enum PNGMetadataFilter {
    /// Chunks that decide how the picture looks, besides the critical chunks (whose first letter is a capital).
    private static let needed = Set(
        (["tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "pHYs", "bKGD", "acTL", "fcTL", "fdAT"]
            as [StaticString]).map { FourCC($0) })
    static func apply(
        _ policy: MetadataPolicy, to file: RawSpan, info: ImageInfo, limits: CodecLimits
    ) throws(CodecError) -> [UInt8] {
        var result = PNGChunk.signature
        var exif = policy == .dropAll ? MetadataPolicy.exif(for: info.orientation) : nil
        var location = PNGLocationFilter()
        for chunk in try PNGChunks.all(in: file, limits: limits) {
            if chunk.name == PNGChunk.imageData, let block = exif {
                result += PNGChunk.encode(PNGChunk.exif, block)
                exif = nil
            }
            let isCritical = chunk.name.rawValue >> 24 & 0x20 == 0
            if isCritical || needed.contains(chunk.name) {
                result += file.copy(chunk.range)
            } else if policy != .dropAll {
                result += location.cleaned(chunk, file)
            }
        }
        return result
    }
}
