import CImageCodecs
import ImageModel

/// Decodes APNG (PNG, third edition, 11.3.6 and 12.10): each frame becomes a PNG of its own, which libpng decodes, and
/// is composed onto the canvas here.
enum PNGAnimationDecoder {
    /// The fields of fcTL, and the image data that follows it.
    struct Frame {
        var x: Int
        var y: Int
        var size: PixelSize
        var milliseconds: Int
        /// What happens to the frame's area after its time: 0 nothing, 1 cleared, 2 restored.
        var disposal: UInt8
        /// Whether it is blended over the canvas; else it replaces pixels.
        var blends: Bool
        /// Ranges of compressed data.
        var data: [Range<Int>] = []
    }

    static func play(
        _ file: RawSpan, maximumFrames: Int?, limits: CodecLimits, cancelled: CancelFlag,
        begin: (AnimationInfo) throws(CodecError) -> Void,
        body: (consuming PixelBuffer, AnimationFrame) throws(CodecError) -> Void
    ) throws(CodecError) {
        let header = try PNGHeader.read(file, limits: limits)
        let size = header.info.size
        let all = try frames(file, header: header)
        let wanted = min(all.count, maximumFrames ?? all.count)
        try limits.check(frames: wanted, of: size)
        let conversion = try header.colors?.conversion(of: .TT_COLOR_RGBA, isGray: header.isGray)
        try begin(AnimationInfo(size: size, frames: wanted, loops: loops(file, chunks: header.chunks)))

        var canvas = try PixelBuffer(width: size.width, height: size.height, layout: .rgba8)
        for (index, frame) in all.prefix(wanted).enumerated() {
            let picture = try decode(frame, file, header: header, limits: limits, cancelled: cancelled)
            // If the first frame asks for a restore, that means the empty canvas (12.10).
            let saved: [UInt8]? = frame.disposal == 2 && index > 0 ? canvas.copyBytes() : nil
            try canvas.compose(picture, x: frame.x, y: frame.y, blends: frame.blends)
            var shown = try canvas.copy()
            if let conversion { try conversion.apply(to: &shown, cancelled: cancelled) }
            try body(shown, AnimationFrame(index: index, milliseconds: frame.milliseconds))
            if let saved {
                canvas.withMutableSamples { samples in
                    for index in saved.indices { samples[index] = saved[index] }
                }
            } else if frame.disposal != 0 {
                let empty = try PixelBuffer(width: frame.size.width, height: frame.size.height, layout: .rgba8)
                try canvas.compose(empty, x: frame.x, y: frame.y, blends: false)
            }
        }
    }

    /// num_plays of acTL.
    private static func loops(_ bytes: RawSpan, chunks: [PNGChunk]) -> Int {
        chunks.first { $0.name == PNGChunk.animationControl }
            .flatMap { bytes.bigEndian32(at: $0.data.lowerBound + 4) } ?? 0
    }

    /// The frames in order. The picture in IDAT is one of them only if an fcTL comes before it.
    static func frames(
        _ bytes: RawSpan, header: PNGHeader
    ) throws(CodecError) -> [Frame] {
        var frames: [Frame] = []
        let stated = header.info.frames ?? 1
        for chunk in header.chunks {
            switch chunk.name {
            case PNGChunk.frameControl:
                frames.append(try control(bytes, chunk, canvas: header.info.size))
                // Memory and pixels were admitted by the number that acTL states.
                guard frames.count <= stated else { throw .damaged("a wrong number of frames in the PNG") }
            case PNGChunk.imageData:
                if !frames.isEmpty { frames[frames.count - 1].data.append(chunk.data) }
            case PNGChunk.frameData:
                guard !frames.isEmpty, chunk.data.count >= 4 else {
                    throw .damaged("frame data without a frame in the PNG")
                }
                frames[frames.count - 1].data.append(chunk.data.dropFirst(4))
            default: break
            }
        }
        guard frames.count == stated else { throw .damaged("a wrong number of frames in the PNG") }
        guard frames.allSatisfy({ !$0.data.isEmpty }) else { throw .damaged("a frame without data in the PNG") }
        return frames
    }

    private static func control(_ bytes: RawSpan, _ chunk: PNGChunk, canvas: PixelSize) throws(CodecError) -> Frame {
        let start = chunk.data.lowerBound
        guard chunk.data.count == 26, let width = bytes.bigEndian32(at: start + 4),
            let height = bytes.bigEndian32(at: start + 8), let x = bytes.bigEndian32(at: start + 12),
            let y = bytes.bigEndian32(at: start + 16), let numerator = bytes.bigEndian16(at: start + 20),
            let denominator = bytes.bigEndian16(at: start + 22)
        else { throw .damaged("a short fcTL chunk in the PNG") }
        guard width > 0, height > 0, x + width <= canvas.width, y + height <= canvas.height else {
            throw .damaged("a frame outside the canvas of the PNG")
        }
        let disposal = bytes.byte(at: start + 24)
        guard disposal <= 2, bytes.byte(at: start + 25) <= 1 else { throw .damaged("a wrong fcTL chunk in the PNG") }
        // A denominator of 0 means hundredths.
        let parts = denominator == 0 ? 100 : denominator
        return Frame(
            x: x, y: y, size: PixelSize(width: width, height: height),
            milliseconds: (numerator * 1_000 + parts / 2) / parts, disposal: disposal,
            blends: bytes.byte(at: start + 25) == 1)
    }

    /// Decodes this frame as a PNG of its own: IHDR with its size, the file's palette and transparency, and its data.
    private static func decode(
        _ frame: Frame, _ bytes: RawSpan, header: PNGHeader, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let first = header.chunks.first, first.name == PNGChunk.header, first.data.count == 13 else {
            throw .damaged("a PNG that does not begin with IHDR")
        }
        let coding = bytes.copy(first.data.lowerBound + 8..<first.data.upperBound)
        let sides = [frame.size.width, frame.size.height].flatMap { FourCC(rawValue: UInt32($0)).bytes }
        var file = PNGChunk.signature + PNGChunk.encode(PNGChunk.header, sides + coding)
        for chunk in header.chunks.prefix(while: { $0.name != PNGChunk.imageData })
        where chunk.name == PNGChunk.palette || chunk.name == FourCC("tRNS") {
            file += bytes.copy(chunk.range)
        }
        for data in frame.data { file += PNGChunk.encode(PNGChunk.imageData, bytes.copy(data)) }
        file += PNGChunk.encode(PNGChunk.end, [])
        var pixels = unsafe tt_pixels()
        let status = unsafe file.span.bytes.withCBytes { (pointer, count) in
            unsafe tt_png_decode(
                pointer, count, nil, UInt64(limits.maximumPixels), cancelled.pointer, &pixels)
        }
        let picture = try unsafe ImageDecoder.finish(status, &pixels, format: "PNG", source: nil)
        return picture.pixels
    }
}

extension PixelBuffer {
    /// Another picture with the same samples.
    func copy() throws(CodecError) -> PixelBuffer {
        var result = try PixelBuffer(width: width, height: height, layout: layout)
        let count = byteCount
        unsafe withUnsafeBytes { source in
            unsafe result.withUnsafeMutableBytes { target in
                if count > 0 { unsafe target.copyMemory(from: source) }
            }
        }
        return result
    }

    /// The samples as an array.
    func copyBytes() -> [UInt8] {
        unsafe withUnsafeBytes { bytes in unsafe [UInt8](bytes) }
    }

    /// Composes another picture onto this one, which is RGBA, at a place where it fits.
    mutating func compose(
        _ picture: borrowing PixelBuffer, x: Int, y: Int, blends: Bool
    ) throws(CodecError) {
        guard layout == .rgba8 else { throw .internalError("a canvas without alpha") }
        let (width, height) = (UInt32(width), UInt32(height))
        let status = unsafe withUnsafeMutableBytes { canvas in
            guard let base = unsafe canvas.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                return tt_status.TT_INTERNAL_ERROR
            }
            return unsafe picture.withCPixels { (samples, frameWidth, frameHeight, channels) in
                unsafe tt_pixels_compose(
                    base, width, height, samples, frameWidth, frameHeight, channels, UInt32(x), UInt32(y), blends)
            }
        }
        try check(status, format: "PNG")
    }
}
