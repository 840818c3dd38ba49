import CImageCodecs

/// A conversion of pixels to sRGB.
///
/// If a picture is reduced before it is shown, converting the reduced one costs a fraction of the time and shows the
/// same colours.
///
/// `@unchecked Sendable`: it never changes after `init`, and Little CMS copies the only cache of a transform before it
/// writes to it.
@safe public final class ColorConversion: @unchecked Sendable {
    private let color: OpaquePointer
    private let kind: tt_color_kind

    init(adopting color: OpaquePointer, kind: tt_color_kind) {
        unsafe self.color = unsafe color
        self.kind = kind
    }

    deinit {
        unsafe tt_color_destroy(color)
    }

    /// The object in C. Valid while this object lives: callers must keep it alive during the call.
    var pointer: OpaquePointer { unsafe color }

    /// Converts a picture in place. It must have the layout of the decoded picture that this conversion came with.
    /// - Throws: `cancelled`; `internalError` for another layout.
    public func apply(to picture: inout PixelBuffer, cancelled: CancelFlag) throws(CodecError) {
        guard kind == picture.layout.colorKind else { throw .internalError("a conversion of another layout") }
        let (width, height) = (picture.width, picture.height)
        let rowBytes = picture.bytesPerRow
        let isFinished = unsafe picture.withUnsafeMutableBytes { bytes in
            guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
            for y in 0..<height {
                if cancelled.isCancelled { return false }
                let row = unsafe base + y * rowBytes
                unsafe tt_color_convert(color, row, row, width)
            }
            return true
        }
        if !isFinished { throw .cancelled }
    }
}

extension PixelBuffer.Layout {
    /// The kind of conversion for such pixels.
    var colorKind: tt_color_kind {
        switch self {
        case .gray8: .TT_COLOR_GRAY
        case .rgb8: .TT_COLOR_RGB
        case .rgba8: .TT_COLOR_RGBA
        }
    }
}
