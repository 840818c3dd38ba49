public import ImageModel

/// Follows a file from its first byte to its picture's end, in pieces of any size and in constant memory. It finds
/// errors that show without decoding: segments and chunks that do not fit together, wrong CRCs, a missing end.
///
/// Bytes after the picture's end are allowed and counted: phones put gain maps and films there.
public struct StructureCheck: Sendable {
    /// The result for a whole file.
    public struct Summary: Sendable, Hashable {
        /// Frames of the animation; 1 for a still picture. Nil for an AVIF, whose header says it.
        public var frames: Int?
        /// Offset after the last byte of the picture.
        public var imageEnd: Int
        /// Bytes after the picture.
        public var trailingBytes: Int
        /// The orientation in an EXIF chunk after the image data of a WebP, which a header read from the file's first
        /// part does not see. Nil if there is none. In a PNG only EXIF before its image data counts.
        public var lateOrientation: Orientation?
        /// Whether a pixel may be transparent, if the whole file tells more than its header. Nil for other formats.
        public var hasAlpha: Bool?
    }

    private enum Machine: Sendable {
        case jpeg(JPEGStructure)
        case png(PNGStructure)
        case webp(WebPStructure)
        case avif(AVIFStructure)
    }

    private var machine: Machine

    /// A check of a file whose first bytes have this format.
    public init(format: ImageFormat, limits: CodecLimits) {
        switch format {
        case .jpeg: machine = .jpeg(JPEGStructure(limits: limits))
        case .png: machine = .png(PNGStructure(limits: limits))
        case .webp: machine = .webp(WebPStructure(limits: limits))
        case .avif: machine = .avif(AVIFStructure(limits: limits))
        }
    }

    /// The offset after the last byte that ``ImageHeader/read(_:limits:)`` needs; nil until it has come.
    public var headerEnd: Int? {
        switch machine {
        case .jpeg(let structure): structure.headerEnd
        case .png(let structure): structure.headerEnd
        case .webp(let structure): structure.headerEnd
        case .avif(let structure): structure.headerEnd
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// - Throws: `notAnImage` for a wrong signature; `damaged` as soon as it shows; `tooLarge` for frames or scans.
    ///   After an error the check is over.
    public mutating func consume(_ bytes: RawSpan) throws(CodecError) {
        switch machine {
        case .jpeg(var structure):
            try structure.consume(bytes)
            machine = .jpeg(structure)
        case .png(var structure):
            try structure.consume(bytes)
            machine = .png(structure)
        case .webp(var structure):
            try structure.consume(bytes)
            machine = .webp(structure)
        case .avif(var structure):
            try structure.consume(bytes)
            machine = .avif(structure)
        }
    }

    /// Says that the file ends here.
    ///
    /// - Throws: `truncated` if the picture has not ended yet; `damaged`.
    public mutating func finish() throws(CodecError) -> Summary {
        switch machine {
        case .jpeg(let structure): try structure.finish()
        case .png(let structure): try structure.finish()
        case .webp(let structure): try structure.finish()
        case .avif(let structure): try structure.finish()
        }
    }
}
