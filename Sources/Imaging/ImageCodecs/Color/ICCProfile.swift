import CImageCodecs

/// The embedded ICC profile in each format.
enum ICCProfile {
    /// `ICC_PROFILE` and a zero: the beginning of an APP2 segment with a part of a profile (ICC.1:2022 B.4).
    static let jpegSignature: [UInt8] = [0x49, 0x43, 0x43, 0x5F, 0x50, 0x52, 0x4F, 0x46, 0x49, 0x4C, 0x45, 0]

    /// Joins the profile of a JPEG from its APP2 segments, each of which states its number and the total.
    ///
    /// If a part is missing or doubled, there is no profile, as in libjpeg's `jpeg_read_icc_profile`.
    static func read(
        jpeg bytes: RawSpan, segments: [JPEGSegment], limits: CodecLimits
    ) throws(CodecError) -> [UInt8]? {
        var parts: [Int: Range<Int>] = [:]
        var expected = 0
        var size = 0
        for segment in segments where segment.marker == JPEGSegment.Marker.application2 {
            let start = segment.payload.lowerBound
            guard segment.payload.count > 14, bytes.has(jpegSignature, at: start) else { continue }
            let number = Int(bytes.byte(at: start + 12))
            let count = Int(bytes.byte(at: start + 13))
            guard number >= 1, number <= count, expected == 0 || expected == count, parts[number] == nil else {
                return nil
            }
            expected = count
            parts[number] = start + 14..<segment.payload.upperBound
            size += segment.payload.count - 14
        }
        guard expected > 0, parts.count == expected else { return nil }
        try check(size: size, limits: limits)
        var profile: [UInt8] = []
        profile.reserveCapacity(size)
        for number in 1...expected {
            guard let part = parts[number] else { return nil }
            profile += bytes.copy(part)
        }
        return profile
    }

    /// The ICCP chunk of a WebP.
    static func read(webp bytes: RawSpan, chunks: [WebPChunk], limits: CodecLimits) throws(CodecError) -> [UInt8]? {
        guard let chunk = chunks.first(where: { $0.name == WebPChunk.profile }) else { return nil }
        try check(size: chunk.data.count, limits: limits)
        return bytes.copy(chunk.data)
    }

    /// Checks a PNG's iCCP chunk by the size that the profile states in its first four bytes, before libpng inflates
    /// it. libpng itself would just ignore a larger one, and the colours would be wrong without any error.
    static func checkSize(png bytes: RawSpan, chunks: [PNGChunk], limits: CodecLimits) throws(CodecError) {
        guard let chunk = chunks.first(where: { $0.name == PNGChunk.profile }) else { return }
        // A name of at most 79 bytes, a zero, and the only compression method.
        guard let zero = chunk.data.prefix(80).first(where: { bytes.byte(at: $0) == 0 }),
            zero + 2 < chunk.data.upperBound
        else { return }
        let start: [UInt8] = bytes.extracting(zero + 2..<chunk.data.upperBound).inflatedPrefix(4)
        guard let size = unsafe start.span.bytes.bigEndian32(at: 0) else { return }
        try check(size: size, limits: limits)
    }

    /// The profile's own name; nil if it has none, or if these bytes are no profile.
    static func name(of profile: [UInt8]) -> String? {
        let name = unsafe try? collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe profile.span.bytes.withCBytes { (bytes, count) in
                unsafe tt_color_profile_name(bytes, count, &buffer)
            }
            guard status == .TT_OK else { throw .damaged("its color profile is unreadable") }
        }
        guard let name, !name.isEmpty else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    static func check(size: Int, limits: CodecLimits) throws(CodecError) {
        guard size <= limits.maximumProfileBytes else {
            throw .tooLarge(limit: "the size of the color profile", value: size, maximum: limits.maximumProfileBytes)
        }
    }
}
