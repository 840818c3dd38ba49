import ImageModel
import Testing

@testable import ImageCodecs

/// The pictures of a WebP decide whether it is transparent, not the flag in VP8X. gif2webp does not set the flag if the
/// canvas shows between frames. Such an animation was flattened to a JPEG on white. Header, structure check and pixels
/// must agree.
@Suite("Transparency of WebP")
struct WebPTransparencyTests {
    private static let size = PixelSize(width: 16, height: 8)

    private static func picture(
        _ layout: PixelBuffer.Layout, isLossless: Bool, _ size: PixelSize = size
    ) throws -> [(name: FourCC, data: [UInt8])] {
        let pixels = try TestImages.pixels(width: size.width, height: size.height, layout: layout)
        return try WebPFile.chunks(
            try ImageEncoder.encodeWebP(pixels, quality: 80, isLossless: isLossless, cancelled: CancelFlag()))
    }

    /// An extended file with these chunks, with or without the flag.
    private static func still(
        _ chunks: [(name: FourCC, data: [UInt8])], flagged: Bool
    ) -> [UInt8] {
        let header = WebPChunk.extendedHeader(
            flags: flagged ? WebPChunk.Flag.alpha : 0, width: size.width, height: size.height)
        return WebPFile.file(
            [(WebPChunk.extended, header)] + chunks.filter { $0.name != WebPChunk.extended })
    }

    /// Frames with a picture at a position each, and flags: 1 clears the frame afterwards.
    private static func animation(
        _ frames: [(x: Int, y: Int, size: PixelSize, layout: PixelBuffer.Layout, flags: UInt8)], flagged: Bool
    ) throws -> [UInt8] {
        var flags = WebPChunk.Flag.animation
        if flagged { flags |= WebPChunk.Flag.alpha }
        let header = WebPChunk.extendedHeader(flags: flags, width: size.width, height: size.height)
        func number24(_ value: Int) -> [UInt8] { [0, 8, 16].map { UInt8(value >> $0 & 255) } }
        let parts = try frames.map { frame -> (name: FourCC, data: [UInt8]) in
            let picture = try picture(frame.layout, isLossless: true, frame.size)
                .filter { $0.name != WebPChunk.extended }.flatMap { WebPChunk.encode($0.name, $0.data) }
            let place = number24(frame.x / 2) + number24(frame.y / 2)
            let sides = number24(frame.size.width - 1) + number24(frame.size.height - 1)
            return (WebPChunk.frame, place + sides + [100, 0, 0, frame.flags] + picture)
        }
        return WebPFile.file(
            [(WebPChunk.extended, header), (WebPChunk.animation, [0, 0, 0, 0, 0, 0])] + parts)
    }

    private func check(_ file: [UInt8], hasAlpha: Bool, _ name: Comment) throws {
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        #expect(info.hasAlpha == hasAlpha, name)
        var structure = StructureCheck(format: .webp, limits: CodecLimits())
        try structure.consume(file.span.bytes)
        #expect(try structure.finish().hasAlpha == hasAlpha, name)
        let first = try Picture(
            ImageDecoder.firstFrame(file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag()))
        guard !info.isAnimation else { return }
        #expect(first.channels == (hasAlpha ? 4 : 3), name)
    }

    @Test("The picture of a still decides", arguments: [true, false], [true, false])
    func stills(isLossless: Bool, flagged: Bool) throws {
        for layout in [PixelBuffer.Layout.rgb8, .rgba8] {
            let file = Self.still(try Self.picture(layout, isLossless: isLossless), flagged: flagged)
            try check(file, hasAlpha: layout == .rgba8, "\(layout)")
        }
    }

    @Test("The frames of an animation, and the canvas between them, decide", arguments: [true, false])
    func animations(flagged: Bool) throws {
        let whole = Self.size
        let part = PixelSize(width: 8, height: 8)
        try check(
            Self.animation([(0, 0, whole, .rgb8, 0), (8, 0, part, .rgb8, 0)], flagged: flagged), hasAlpha: false,
            "the first frame covers the canvas")
        try check(
            Self.animation([(8, 0, part, .rgb8, 0), (0, 0, whole, .rgb8, 0)], flagged: flagged), hasAlpha: true,
            "the first frame leaves part of it uncovered")
        try check(
            Self.animation([(0, 0, whole, .rgb8, 0), (0, 0, part, .rgba8, 0)], flagged: flagged), hasAlpha: true,
            "a later frame is transparent")
        try check(
            Self.animation([(0, 0, whole, .rgb8, 1), (0, 0, whole, .rgb8, 1)], flagged: flagged), hasAlpha: false,
            "the cleared area is covered again")
        try check(
            Self.animation(
                [(0, 0, whole, .rgb8, 0), (0, 0, part, .rgb8, 1), (8, 0, part, .rgb8, 0)], flagged: flagged),
            hasAlpha: true, "the cleared area is not covered again")
    }

    @Test("The canvas shows through the first frame")
    func canvasShows() throws {
        let file = try Self.animation(
            [(8, 0, PixelSize(width: 8, height: 8), .rgb8, 0), (0, 0, Self.size, .rgb8, 0)], flagged: false)
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        let picture = try Picture(
            ImageDecoder.firstFrame(file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag()))
        #expect(Array(picture[2, 2])[3] == 0)
        #expect(Array(picture[10, 2])[3] == 255)
    }

    // MARK: Alpha that cannot be decoded

    private static func withAlpha(_ change: ([UInt8]) -> [UInt8]) throws -> [UInt8] {
        let chunks = try picture(.rgba8, isLossless: false)
        #expect(chunks.contains { $0.name == WebPChunk.alpha })
        return still(
            chunks.map { $0.name == WebPChunk.alpha ? ($0.name, change($0.data)) : $0 }, flagged: true)
    }

    /// For damaged alpha, libwebp reports that the user has aborted. Nobody had aborted, but the client, which was
    /// still there, got a 499.
    @Test("Alpha that is damaged, short, empty or of an unknown kind makes a damaged picture", arguments: 0..<9)
    func damagedAlpha(kind: Int) throws {
        let pixels = Self.size.pixels
        let file = try Self.withAlpha { data in
            switch kind {
            case 0: []
            case 1: [data[0]]
            case 2: Array(data.prefix(4))
            case 3: [data[0]] + [UInt8](repeating: 0xFF, count: data.count)
            case 4: [2] + data.dropFirst()
            case 5: [3] + data.dropFirst()
            case 6: [0x20 | data[0]] + data.dropFirst()
            case 7: [0x80 | data[0]] + data.dropFirst()
            default: [0] + [UInt8](repeating: 9, count: pixels - 1)
            }
        }
        // Damage that the alpha header shows is already found at the upload.
        let isSeen = ![2, 3].contains(kind)
        var structure = StructureCheck(format: .webp, limits: CodecLimits())
        let result = Result { () throws(CodecError) in
            try structure.consume(file.span.bytes)
            _ = try structure.finish()
        }
        if case .failure(.damaged) = result {
            #expect(isSeen)
        } else {
            #expect(!isSeen, "\(result)")
        }
        let error = #expect(throws: CodecError.self) { try Picture(decoding: file) }
        let rotationError = #expect(throws: CodecError.self) {
            try ImageTransform.apply(
                .rotated90, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
        }
        for error in [error, rotationError] {
            switch error {
            case .damaged, .truncated: break
            default: Issue.record("\(String(describing: error))")
            }
        }
    }

    @Test("Uncompressed alpha of sufficient length is accepted")
    func plainAlpha() throws {
        let file = try Self.withAlpha { _ in [0] + [UInt8](repeating: 9, count: Self.size.pixels) }
        try check(file, hasAlpha: true, "plain")
        #expect(try Array(Picture(decoding: file)[3, 3])[3] == 9)
    }
}
