import CImageCodecs
public import ImageModel

/// A JPEG's Y, Cb and Cr as they are stored: full range (JFIF), chroma mostly with fewer samples than luma.
///
/// Scaling these and not RGB saves half of the samples, and the conversion of all pixels that scaling drops.
///
/// `@unchecked Sendable`: it is the only owner of its memory, which is never written to after `decode`.
@safe public struct JPEGPlanes: ~Copyable, @unchecked Sendable {
    /// One component in memory.
    public struct Plane: Sendable {
        /// Samples of a row that belong to the picture.
        public let width: Int
        /// Rows that belong to the picture.
        public let height: Int
        /// Bytes from the beginning of a row to that of the next one.
        public let stride: Int
        /// Samples of this plane for one pixel of the picture at full size, across and down.
        public let scale: (x: Double, y: Double)
        let offset: Int
    }

    /// Y, Cb, Cr.
    public let planes: [Plane]
    /// The conversion of their RGB to sRGB; nil if it is sRGB already.
    public let conversion: ColorConversion?
    private let storage: UnsafeMutableRawBufferPointer

    deinit {
        unsafe tt_free(storage.baseAddress)
    }

    /// Decodes a JPEG whose colours are YCbCr.
    ///
    /// - Parameters:
    ///   - info: from ``ImageHeader/read(_:limits:)`` for this file. Its size is checked again.
    ///   - scaleDenominator: 1, 2, 4 or 8: decoded directly at that fraction of the size.
    ///   - keepsChroma: chroma with fewer samples than luma is reduced less, so that none of it is lost; only a picture
    ///     that will have as little chroma in the end does not need that. If colours are converted, chroma is always
    ///     kept.
    /// - Returns: nil if the file is another kind of JPEG: grey, RGB or CMYK.
    /// - Throws: as ``ImageDecoder/decode(_:info:scaleDenominator:colors:limits:cancelled:)``.
    public static func decode(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, keepsChroma: Bool = true, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> JPEGPlanes? {
        guard info.format == .jpeg else { return nil }
        try limits.check(width: info.size.width, height: info.size.height)
        let header = try JPEGHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .internalError("a header of another file") }
        guard header.coding?.color == .TT_JPEG_COLOR else { return nil }
        guard [1, 2, 4, 8].contains(scaleDenominator) else {
            throw .internalError("a scale that libjpeg does not have")
        }
        let profile: ColorSource? = header.profile.map { .profile($0) }
        let conversion = try profile?.conversion(of: .TT_COLOR_RGB)
        var planes = tt_planes()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_jpeg_decode_planes(
                pointer, count, UInt32(scaleDenominator), keepsChroma || conversion != nil,
                UInt64(limits.maximumPixels), UInt32(limits.maximumScans), cancelled.pointer, &planes)
        }
        if status == .TT_UNSUPPORTED { return nil }
        try check(status, format: "JPEG")
        return try JPEGPlanes(adopting: planes, conversion: conversion)
    }

    private init(adopting planes: tt_planes, conversion: ColorConversion?) throws(CodecError) {
        let all = unsafe [planes.plane.0, planes.plane.1, planes.plane.2]
        // One block of memory holds all three, and begins with the first one.
        guard let first = unsafe all[0].data else { throw .internalError("planes without samples") }
        var described: [Plane] = []
        var end = 0
        for index in 0..<3 {
            let plane = unsafe all[index]
            let offset = unsafe plane.data.map { unsafe $0 - first } ?? 0
            let scale = unsafe (
                x: Double(plane.scale_x) / Double(plane.scale_base_x),
                y: Double(plane.scale_y) / Double(plane.scale_base_y)
            )
            let (width, height, stride) = unsafe (Int(plane.width), Int(plane.height), plane.stride)
            described.append(Plane(width: width, height: height, stride: stride, scale: scale, offset: offset))
            end = max(end, offset + height * stride)
        }
        self.planes = described
        self.conversion = conversion
        unsafe storage = UnsafeMutableRawBufferPointer(start: first, count: end)
    }

    /// The samples of a plane, `height` rows of `stride` bytes, for kernels that check their bounds themselves.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        of plane: Plane, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let range = plane.offset..<(plane.offset + plane.height * plane.stride)
        return try unsafe body(UnsafeRawBufferPointer(rebasing: storage[range]))
    }
}

extension ImageEncoder {
    /// Encodes a JPEG from Y, Cb and Cr of full range, like ``encode(_:format:quality:metadata:cancelled:)``.
    ///
    /// All three have the layout ``PixelBuffer/Layout/gray8``, and Cb and Cr the size of
    /// ``chromaSize(of:quality:coding:)``.
    public static func encodeJPEG(
        y: borrowing PixelBuffer, cb: borrowing PixelBuffer, cr: borrowing PixelBuffer, quality: Int?,
        coding: JPEGCoding = .progressive, metadata: EncodedMetadata?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        let quality = min(max(quality ?? defaultQuality, 1), 100)
        let chroma = chromaSize(of: y.size, quality: quality, coding: coding)
        guard cb.size == chroma, cr.size == chroma,
            y.layout == .gray8, cb.layout == .gray8, cr.layout == .gray8
        else { throw .internalError("planes that do not fit together") }
        let segment = metadata.map { ExifLocation.signature + $0.exifBlock() } ?? []
        return try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe y.withCPixels { (y, width, height, _) in
                unsafe cb.withCPixels { (cb, _, _, _) in
                    unsafe cr.withCPixels { (cr, _, _, _) in
                        unsafe segment.span.bytes.withCBytes { (pointer, count) in
                            unsafe tt_jpeg_encode_planes(
                                y, cb, cr, width, height, Int32(quality), !halvesChroma(quality, coding),
                                coding == .progressive, count == 0 ? nil : pointer, count, cancelled.pointer, &buffer)
                        }
                    }
                }
            }
            try check(status, format: "JPEG")
        }
    }

    /// The size of Cb and Cr in a JPEG of this quality.
    public static func chromaSize(
        of size: PixelSize, quality: Int?, coding: JPEGCoding = .progressive
    ) -> PixelSize {
        guard halvesChroma(quality ?? defaultQuality, coding) else { return size }
        return PixelSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
    }

    static func halvesChroma(_ quality: Int, _ coding: JPEGCoding) -> Bool {
        coding == .sequential || quality < fullChromaQuality
    }
}
