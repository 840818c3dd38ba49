public import ImageModel

extension ImageEncoder {
    /// What ``encode(_:format:quality:maximumBytes:metadata:cancelled:)`` has found.
    public struct Fitted: Sendable {
        /// The encoded file.
        public var bytes: [UInt8]
        /// The quality that was used: at most the one asked for; nil for a format that has none.
        public var quality: Int?
        /// How often the picture was encoded.
        public var tries: Int
    }

    /// The largest number of times that a picture is encoded to find the quality that fits.
    public static let maximumTries = 7

    /// Encodes a picture into at most so many bytes: at the quality asked for where that fits, and else at the best one
    /// that does, as far as ``maximumTries`` tries find it.
    ///
    /// - Throws: as ``encode(_:format:quality:metadata:cancelled:)``; `tooLarge` where even the lowest quality takes
    ///   more, or, for PNG, where the exact picture does.
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

/// Which quality to try next: a pure search by halves. The size grows with quality, but by jumps where chroma becomes
/// whole, so that nothing is read out of it but whether it fits; seven tries leave two steps of a hundred at most.
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

    /// Nil when nothing better can be found, or not within the tries, or when a twentieth is all there is to be won.
    var next: Int? {
        guard count < tries else { return nil }
        guard let failing else { return count == 0 ? wanted : nil }
        let low = fitting ?? 0
        guard failing - low > 1, fitting == nil || fittingBytes < maximumBytes - maximumBytes / 20 else { return nil }
        // The last try goes to the lowest quality if nothing has fitted: better that than nothing.
        return count == tries - 1 && fitting == nil ? 1 : (low + failing) / 2
    }

    /// Notes a size; says whether it is the best one that fits.
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
