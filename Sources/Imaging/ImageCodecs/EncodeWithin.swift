public import ImageModel

extension ImageEncoder {
    /// The result of ``encode(_:format:quality:maximumBytes:metadata:cancelled:)``.
    public struct Fitted: Sendable {
        /// The encoded file.
        public var bytes: [UInt8]
        /// The quality that was used: at most the requested one; nil for a format that has none.
        public var quality: Int?
        /// How often the picture was encoded.
        public var tries: Int
    }

    /// The most times that a picture is encoded to find the quality that fits.
    public static let maximumTries = 7

    /// Encodes a picture to at most so many bytes: at the requested quality if that fits, else at the best one that
    /// does, as far as ``maximumTries`` tries can find it.
    ///
    /// - Throws: as ``encode(_:format:quality:metadata:cancelled:)``; `tooLarge` if even the lowest quality takes more,
    ///   or, for PNG, if the exact picture does.
    public static func encode(
        _ pixels: borrowing PixelBuffer, format: ImageFormat, quality: Int?, maximumBytes: Int,
        metadata: EncodedMetadata?, cancelled: CancelFlag
    ) throws(CodecError) -> Fitted {
        let wanted = min(max(quality ?? defaultQuality, 1), 100)
        var search = SizeSearch(wanted: wanted, maximumBytes: maximumBytes, tries: maximumTries)
        var best: [UInt8]?
        var smallest = Int.max
        while let next = search.next {
            let file = try encode(pixels, format: format, quality: next, metadata: metadata, cancelled: cancelled)
            smallest = min(smallest, file.count)
            if search.record(next, bytes: file.count) { best = file }
            if !format.capabilities.hasQuality { break }
        }
        guard let best else {
            throw .tooLarge(limit: "the number of bytes at the lowest quality", value: smallest, maximum: maximumBytes)
        }
        return Fitted(
            bytes: best, quality: format.capabilities.hasQuality ? search.fitting : nil, tries: search.count)
    }
}

/// Chooses the next quality to try: a pure binary search. The size grows with quality, but jumps where chroma becomes
/// full-size, so only whether it fits is used; seven tries leave at most two steps of a hundred.
struct SizeSearch {
    let maximumBytes: Int
    let tries: Int
    /// The best quality that fits.
    private(set) var fitting: Int?
    private var fittingBytes = 0
    /// The lowest quality that does not.
    private var failing: Int?
    private let wanted: Int
    private(set) var count = 0

    init(wanted: Int, maximumBytes: Int, tries: Int) {
        self.wanted = wanted
        self.maximumBytes = maximumBytes
        self.tries = tries
    }

    /// Nil if nothing better can be found, if the tries are used up, or if only a twentieth could be gained.
    var next: Int? {
        guard count < tries else { return nil }
        guard let failing else { return count == 0 ? wanted : nil }
        let low = fitting ?? 0
        guard failing - low > 1, fitting == nil || fittingBytes < maximumBytes - maximumBytes / 20 else { return nil }
        // If nothing has fitted, the last try uses the lowest quality: better than no result.
        return count == tries - 1 && fitting == nil ? 1 : (low + failing) / 2
    }

    /// Records a size; returns whether it is the best one that fits.
    mutating func record(_ quality: Int, bytes: Int) -> Bool {
        count += 1
        guard bytes <= maximumBytes else {
            failing = min(failing ?? .max, quality)
            return false
        }
        guard quality > fitting ?? 0 else { return false }
        fitting = quality
        fittingBytes = bytes
        return true
    }
}
