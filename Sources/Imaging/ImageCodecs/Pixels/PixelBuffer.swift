import CImageCodecs
public import ImageModel

/// A picture in memory: interleaved samples of 8 bits, rows from top to bottom without gaps, alpha not premultiplied.
///
/// It is the only owner of its memory and frees it at its end, so it cannot be copied.
///
/// `@unchecked Sendable`: it is the only owner of its memory, which only `mutating` functions write to.
@safe public struct PixelBuffer: ~Copyable, @unchecked Sendable {
    /// The meaning of a pixel's samples.
    public enum Layout: Int, Sendable, Hashable {
        /// Grey.
        case gray8 = 1
        /// Red, green, blue.
        case rgb8 = 3
        /// Red, green, blue, alpha.
        case rgba8 = 4

        /// Bytes of one pixel.
        public var bytesPerPixel: Int { rawValue }
        /// Whether the last sample is alpha.
        public var hasAlpha: Bool { self == .rgba8 }
    }

    /// Pixels of a row; at least 1.
    public let width: Int
    /// Rows; at least 1.
    public let height: Int
    /// Samples of a pixel.
    public let layout: Layout
    private let storage: UnsafeMutableRawBufferPointer

    /// Bytes from the beginning of a row to that of the next one: always `width * layout.bytesPerPixel`.
    public var bytesPerRow: Int { width * layout.bytesPerPixel }
    /// Bytes of all rows.
    public var byteCount: Int { bytesPerRow * height }
    /// Width and height.
    public var size: PixelSize { PixelSize(width: width, height: height) }

    /// A picture of zeros (black, and transparent if there is alpha).
    ///
    /// - Throws: ``CodecError/outOfMemory``; ``CodecError/internalError(_:)`` if a side is not between 1 and 2^31 - 1.
    public init(width: Int, height: Int, layout: Layout) throws(CodecError) {
        let sides = 1...Int(Int32.max)
        guard sides.contains(width), sides.contains(height) else {
            throw .internalError("a pixel buffer without pixels")
        }
        // The product of two factors under 2^31 must be checked before the third one.
        let (count, overflow) = (width * height).multipliedReportingOverflow(by: layout.bytesPerPixel)
        guard !overflow, let memory = unsafe tt_allocate(count) else { throw .outOfMemory }
        self.width = width
        self.height = height
        self.layout = layout
        unsafe storage = UnsafeMutableRawBufferPointer(start: memory, count: count)
    }

    /// Takes ownership of what C has allocated.
    init(adopting pixels: tt_pixels) throws(CodecError) {
        guard let data = unsafe pixels.data, let layout = unsafe Layout(rawValue: Int(pixels.channels)) else {
            throw .internalError("pixels without a layout")
        }
        self.width = unsafe Int(pixels.width)
        self.height = unsafe Int(pixels.height)
        self.layout = layout
        let count = unsafe Int(pixels.width) * Int(pixels.height) * layout.bytesPerPixel
        unsafe storage = UnsafeMutableRawBufferPointer(start: data, count: count)
    }

    deinit {
        unsafe tt_free(storage.baseAddress)
    }

    /// All samples, for reading.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeRawBufferPointer(storage)
        return try body(unsafe bytes.bytes)
    }

    /// All samples, for reading, as a span of bytes.
    public func withSamples<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let samples = unsafe UnsafeRawBufferPointer(storage).assumingMemoryBound(to: UInt8.self)
        return try body(unsafe samples.span)
    }

    /// All samples, for writing.
    public mutating func withMutableSamples<Result: ~Copyable, Failure: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let samples = unsafe storage.assumingMemoryBound(to: UInt8.self)
        var span = unsafe samples.mutableSpan
        return try body(&span)
    }

    /// All samples, for kernels that check their bounds themselves.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(storage))
    }

    /// All samples, for writing, for kernels that check their bounds themselves.
    public mutating func withUnsafeMutableBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(storage)
    }
}
