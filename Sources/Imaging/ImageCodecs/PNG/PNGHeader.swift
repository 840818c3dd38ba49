import CImageCodecs
import ImageModel

/// A PNG's header: what libpng reads before the first IDAT.
struct PNGHeader {
    var info: ImageInfo
    var coding: tt_png_info
    /// Nil for sRGB.
    var colors: ColorSource?
    /// An APNG (PNG 11.3.6): acTL before the first IDAT.
    var isAnimated: Bool
    /// The complete chunks.
    var chunks: [PNGChunk]

    /// - Parameter isNamed: whether the info should have the profile's name, for which lcms2 must open the profile.
    static func read(
        _ bytes: RawSpan, limits: CodecLimits, isNamed: Bool = false
    ) throws(CodecError) -> PNGHeader {
        // IHDR comes first; its size is checked before libpng reads anything.
        if bytes.fourCC(at: 12) == PNGChunk.header, let width = bytes.bigEndian32(at: 16),
            let height = bytes.bigEndian32(at: 20)
        {
            try limits.check(width: width, height: height)
        }
        let chunks = try PNGChunks.all(in: bytes, limits: limits)
        try ICCProfile.checkSize(png: bytes, chunks: chunks, limits: limits)
        var coding = tt_png_info()
        let profile = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe bytes.withCBytes { (pointer, count) in
                unsafe tt_png_read_header(pointer, count, limits.maximumProfileBytes, &coding, &buffer)
            }
            try check(status, format: "PNG")
        }
        try limits.check(width: Int(coding.width), height: Int(coding.height))

        let colors = colorSource(bytes, chunks: chunks, coding: coding, profile: profile)
        let frames = try frameCount(bytes, chunks: chunks, limits: limits)
        let info = ImageInfo(
            format: .png,
            size: PixelSize(width: Int(coding.width), height: Int(coding.height)),
            orientation: ExifLocation.orientation(bytes, ExifLocation.orienting(png: bytes, chunks: chunks)),
            hasAlpha: coding.has_transparency,
            frames: frames ?? 1,
            isAnimation: frames != nil,
            colorProfile: isNamed ? colors.map(\.name) ?? "sRGB" : nil)
        return PNGHeader(
            info: info, coding: coding, colors: colors, isAnimated: frames != nil, chunks: chunks)
    }

    /// In order of precedence (PNG, third edition, 4.3): cICP, iCCP, sRGB, then gAMA with cHRM.
    private static func colorSource(
        _ bytes: RawSpan, chunks: [PNGChunk], coding: tt_png_info, profile: [UInt8]
    ) -> ColorSource? {
        let head = chunks.prefix { $0.name != PNGChunk.imageData }
        if let chunk = head.first(where: { $0.name == PNGChunk.codedColors }), chunk.data.count == 4 {
            let start = chunk.data.lowerBound
            let numbers = CodedColors(
                primaries: Int(bytes.byte(at: start)), transfer: Int(bytes.byte(at: start + 1)))
            if numbers.meaning != nil { return numbers.isSRGB ? nil : .coded(numbers) }
        }
        if !profile.isEmpty { return .profile(profile) }
        if head.contains(where: { isStandardRGB($0, bytes) }) { return nil }
        // Without a gamma, primaries say too little, and browsers ignore them too. No screen and no file has a gamma
        // outside these bounds.
        guard (1_000...1_000_000).contains(coding.gamma) else { return nil }
        let stated = coding.primaries
        let primaries =
            coding.has_primaries
            ? ColorPrimaries(
                red: SIMD2(stated.red_x, stated.red_y), green: SIMD2(stated.green_x, stated.green_y),
                blue: SIMD2(stated.blue_x, stated.blue_y), white: SIMD2(stated.white_x, stated.white_y)) : .sRGB
        // Files express sRGB as 1/2.2 (11.3.2.2).
        if (45_000...46_000).contains(coding.gamma), primaries.isNear(.sRGB) { return nil }
        return .calibrated(primaries, .gamma(100_000 / Double(coding.gamma)))
    }

    /// A valid sRGB chunk: one byte, which names one of four intents.
    private static func isStandardRGB(_ chunk: PNGChunk, _ bytes: RawSpan) -> Bool {
        chunk.name == PNGChunk.standardRGB && chunk.data.count == 1 && bytes.byte(at: chunk.data.lowerBound) < 4
    }

    private static func frameCount(
        _ bytes: RawSpan, chunks: [PNGChunk], limits: CodecLimits
    ) throws(CodecError) -> Int? {
        for chunk in chunks {
            if chunk.name == PNGChunk.imageData { return nil }
            guard chunk.name == PNGChunk.animationControl, chunk.data.count == 8,
                let frames = bytes.bigEndian32(at: chunk.data.lowerBound), frames > 0
            else { continue }
            guard frames <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: frames, maximum: limits.maximumFrames)
            }
            return frames
        }
        return nil
    }
}

extension PNGHeader {
    /// Grey, with or without alpha.
    var isGray: Bool { coding.color_type & 2 == 0 }
}

extension ColorPrimaries {
    /// Equal, within the rounding of cHRM and of the software that writes it.
    func isNear(_ other: ColorPrimaries) -> Bool {
        zip([red, green, blue, white], [other.red, other.green, other.blue, other.white]).allSatisfy { pair in
            abs(pair.0.x - pair.1.x) < 0.002 && abs(pair.0.y - pair.1.y) < 0.002
        }
    }
}
