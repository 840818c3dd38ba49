import Admission
public import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage

/// Takes the bytes of one upload as they come and checks them on the way. At most one part is in memory that is not yet
/// on its way to the store.
///
/// A picture of up to one part stays in memory and is written in one step. A longer one goes to the store part by part,
/// and becomes visible only when the whole has been found valid.
struct UploadReceiver {
    private let limits: UploadLimits
    private let partSize: Int
    private var part = ByteBuffer()
    private var total: Int64 = 0
    private var check: StructureCheck?
    /// The next attempt to detect the format needs so many bytes.
    private var signatureBytes = 1
    private var info: ImageInfo?
    /// As detected.
    private var format: ImageFormat?

    init(limits: UploadLimits, partSize: Int) {
        self.limits = limits
        self.partSize = partSize
    }

    /// Bytes of the part gathered so far.
    var pendingBytes: Int { part.readableBytes }
    /// What the header has told, once it was read.
    var header: ImageInfo? { info }
    var isPartFull: Bool { part.readableBytes == partSize }
    /// All bytes that have come.
    var bytes: Int64 { total }

    /// Takes as much of the front of `chunk` as fits into this part.
    ///
    /// - Throws: ``ServiceError`` if there are too many bytes, or they are not a valid picture.
    mutating func take(_ chunk: inout ByteBuffer) throws(ServiceError) {
        let count = min(chunk.readableBytes, partSize - part.readableBytes)
        guard let slice = chunk.readSlice(length: count) else { return }
        total += Int64(count)
        guard total <= limits.maximumBytes else { throw .tooLong(limit: limits.maximumBytes) }
        part.writeImmutableBuffer(slice)
        do throws(CodecError) {
            try judge(slice)
        } catch {
            try judgeFormat()
            throw error == .notAnImage ? .notAnImage : .unprocessable(error)
        }
        try judgeFormat()
    }

    private func judgeFormat() throws(ServiceError) {
        guard let format, let accepted = limits.formats, !accepted.contains(format) else { return }
        throw .formatNotAccepted(format, accepted: accepted)
    }

    private mutating func judge(_ slice: ByteBuffer) throws(CodecError) {
        if check == nil {
            // The signature may come in pieces: what was gathered is examined from its start.
            guard part.readableBytes >= signatureBytes || part.readableBytes == partSize else { return }
            try begin(isAll: part.readableBytes == partSize)
        } else {
            try check?.consume(slice.readableBytesSpan)
        }
        // The header is read from the first part, before anything is sent.
        if info == nil, !isHeaderDue, part.readableBytes == partSize {
            throw .tooLarge(limit: "header bytes", value: Int(total), maximum: partSize)
        }
    }

    /// - Parameter isAll: no more bytes will come that could tell the format.
    private mutating func begin(isAll: Bool) throws(CodecError) {
        let format: ImageFormat
        switch ImageFormat.detect(prefix: part.readableBytesSpan) {
        case .format(let found): format = found
        case .needs(let bytes) where !isAll:
            signatureBytes = bytes
            return
        case .needs, .notAnImage: throw .notAnImage
        }
        self.format = format
        var check = StructureCheck(format: format, limits: limits.codec)
        try check.consume(part.readableBytesSpan)
        self.check = check
    }

    /// Whether the header has come and was not read yet. It must be read before more bytes are taken.
    var isHeaderDue: Bool {
        guard info == nil, let end = check?.headerEnd else { return false }
        return end <= part.readableBytes
    }

    /// Reads the header, if it is due.
    ///
    /// - Throws: ``ServiceError`` if it is not that of a valid picture, or needs more than the limits allow.
    mutating func readHeader() async throws(ServiceError) {
        guard isHeaderDue else { return }
        do {
            info = try await HeaderReading.read(part, limits: limits.codec)
        } catch {
            throw error == .notAnImage ? .notAnImage : .unprocessable(error)
        }
    }

    /// Allocates a part of so many bytes at once.
    mutating func reserve(_ bytes: Int) {
        part.reserveCapacity(bytes)
    }

    /// The part so far; the next one begins empty.
    mutating func takePart() -> ByteBuffer {
        defer { part = ByteBuffer() }
        return part
    }

    /// Checks the end.
    ///
    /// - Throws: ``ServiceError`` if the picture is cut off, or if there was none at all.
    mutating func finish() async throws(ServiceError) -> ImageInfo {
        do throws(CodecError) {
            if check == nil { try begin(isAll: true) }
        } catch {
            try judgeFormat()
            throw error == .notAnImage ? .notAnImage : .unprocessable(error)
        }
        try judgeFormat()
        try await readHeader()
        do throws(CodecError) {
            guard let summary = try check?.finish(), var info else { throw CodecError.truncated("the header") }
            info.frames = summary.frames ?? info.frames
            if let hasAlpha = summary.hasAlpha { info.hasAlpha = hasAlpha }
            // EXIF that comes after the pixels.
            if let orientation = summary.lateOrientation { info.orientation = orientation }
            return info
        } catch {
            throw error == .notAnImage ? .notAnImage : .unprocessable(error)
        }
    }
}

/// Limits of an upload.
public struct UploadLimits: Sendable {
    /// The longest body, in bytes; one of exactly this length is taken.
    public var maximumBytes: Int64
    /// What the pictures may be.
    public var codec: CodecLimits
    /// What happens to an upload's metadata.
    public var metadata: MetadataPolicy
    /// The formats that are taken; nil: all.
    var formats: [ImageFormat]?

    /// Limits; by default metadata are kept.
    public init(maximumBytes: Int64, codec: CodecLimits, metadata: MetadataPolicy = .keep) {
        self.maximumBytes = maximumBytes
        self.codec = codec
        self.metadata = metadata
    }

    /// Throws if a stored file is longer than any upload may be. To be called before it is read for work that needs all
    /// of it.
    ///
    /// - Parameter use: what cannot be done with it, for the client: "transformed".
    func check(_ bytes: Int64, toBe use: String) throws(ServiceError) {
        guard bytes <= maximumBytes else {
            throw .beyondLimit("This image has \(bytes) bytes; at most \(maximumBytes) can be \(use).")
        }
    }
}
