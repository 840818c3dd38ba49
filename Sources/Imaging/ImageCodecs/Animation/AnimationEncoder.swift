import CImageCodecs
public import ImageModel

/// Writes an animated WebP, frame by frame. Used by one thread.
@safe public final class AnimationEncoder {
    private let writer: OpaquePointer
    private let size: PixelSize
    private let metadata: EncodedMetadata?

    /// - Parameters:
    ///   - info: the size of the frames and how often they are played; its number of frames is ignored.
    ///   - quality: 1 to 100, as for a still picture; nil is ``ImageEncoder/defaultQuality``.
    ///   - isLossless: every pixel exact, whatever the quality.
    /// - Throws: `tooLarge` for a side that WebP cannot hold; `outOfMemory`.
    public init(
        info: AnimationInfo, quality: Int?, isLossless: Bool = false, metadata: EncodedMetadata? = nil
    ) throws(CodecError) {
        let longest = max(info.size.width, info.size.height)
        let maximum = ImageFormat.webp.capabilities.maximumSide
        guard longest <= maximum else {
            throw .tooLarge(limit: "the longer side of a webp image", value: longest, maximum: maximum)
        }
        guard info.size.width > 0, info.size.height > 0 else { throw .internalError("an animation without pixels") }
        var opened: OpaquePointer?
        let status = unsafe tt_webp_writer_open(
            UInt32(info.size.width), UInt32(info.size.height), UInt32(clamping: info.loops),
            QualityScale.webp(quality ?? ImageEncoder.defaultQuality), isLossless, ImageEncoder.webpMethod, &opened)
        try check(status, format: "WebP")
        guard let opened = unsafe opened else { throw .internalError("a writer without an error") }
        unsafe writer = unsafe opened
        size = info.size
        self.metadata = metadata
    }

    deinit {
        unsafe tt_webp_writer_close(writer)
    }

    /// Adds a frame of the animation's size.
    /// - Throws: `internalError` for another size; `outOfMemory`, `cancelled`.
    public func add(
        _ picture: borrowing PixelBuffer, milliseconds: Int, cancelled: CancelFlag
    ) throws(CodecError) {
        guard picture.size == size else { throw .internalError("a frame of another size") }
        let status = unsafe picture.withCPixels { (samples, _, _, channels) in
            unsafe tt_webp_writer_add(writer, samples, channels, UInt32(clamping: milliseconds), cancelled.pointer)
        }
        try check(status, format: "WebP")
    }

    /// The file. To be called once, after the last frame; a single frame becomes a still picture.
    public func finish() throws(CodecError) -> [UInt8] {
        let file = try unsafe collectingBytes { (buffer) throws(CodecError) in
            try unsafe check(tt_webp_writer_finish(writer, &buffer), format: "WebP")
        }
        guard let exif = metadata?.exifBlock() else { return file }
        return try unsafe WebPContainer.adding(exif: exif, to: file.span.bytes, size: size)
    }

    /// The most bytes that encoding takes, without the frames passed in: the canvases and candidates that libwebpmux
    /// compares, each with what a still picture takes, and the file, which grows with every frame.
    public static func memoryBytes(size: PixelSize, frames: Int, hasAlpha: Bool) -> Int {
        let still = ImageEncoder.memoryBytes(size: size, format: .webp, quality: nil, hasAlpha: hasAlpha)
        return size.pixels * 24 + 2 * still + size.pixels * frames
    }
}
