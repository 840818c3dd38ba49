import ImageCodecs
import ImageModel

/// Pictures made in code. They are the same in every run.
enum TestImages {
    /// A picture of slopes, edges and some noise. No rotation or mirroring leaves it unchanged.
    static func pixels(width: Int, height: Int, layout: PixelBuffer.Layout) throws -> PixelBuffer {
        var picture = try PixelBuffer(width: width, height: height, layout: layout)
        let channels = layout.bytesPerPixel
        picture.withMutableSamples { samples in
            var noise = SplitMix(seed: UInt64(width &* 65_537 &+ height))
            for y in 0..<height {
                for x in 0..<width {
                    for channel in 0..<channels {
                        let slope = channel == 0 ? x * 255 / width : channel == 1 ? y * 255 / height : (x + 2 * y) & 255
                        let edge = (x / 8 + y / 16 + channel) % 3 == 0 ? 24 : 0
                        let value = min(255, slope * 9 / 10 + edge + Int(noise.next() & 7))
                        samples[(y * width + x) * channels + channel] = UInt8(value)
                    }
                }
            }
        }
        return picture
    }

    static func file(
        _ format: ImageFormat, width: Int, height: Int, layout: PixelBuffer.Layout = .rgb8, quality: Int = 80,
        metadata: EncodedMetadata? = nil
    ) throws -> [UInt8] {
        try ImageEncoder.encode(
            pixels(width: width, height: height, layout: layout), format: format, quality: quality,
            metadata: metadata, cancelled: CancelFlag())
    }

    /// A TIFF block with an orientation, the pixel dimensions, and a thumbnail if given.
    static func exif(
        orientation: UInt16, width: UInt32 = 0, height: UInt32 = 0, thumbnail: [UInt8] = [], bigEndian: Bool = true
    ) -> [UInt8] {
        func short(_ value: UInt16) -> [UInt8] {
            let bytes = [UInt8(value >> 8), UInt8(value & 255)]
            return bigEndian ? bytes : bytes.reversed()
        }
        func long(_ value: Int) -> [UInt8] {
            let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
            return bigEndian ? bytes : bytes.reversed()
        }
        func entry(_ tag: UInt16, short value: UInt16) -> [UInt8] {
            short(tag) + short(3) + long(1) + short(value) + [0, 0]
        }
        func entry(_ tag: UInt16, long value: Int) -> [UInt8] { short(tag) + short(4) + long(1) + long(value) }
        // Header 8; first directory 2 + 2 * 12 + 4 = 30; Exif directory 2 + 2 * 12 + 4 = 30; second the same.
        var block: [UInt8] = (bigEndian ? [0x4D, 0x4D] : [0x49, 0x49]) + short(42) + long(8)
        block += short(2) + entry(0x0112, short: orientation) + entry(0x8769, long: 38)
        block += long(thumbnail.isEmpty ? 0 : 68)
        block += short(2) + entry(0xA002, long: Int(width)) + entry(0xA003, long: Int(height)) + long(0)
        if !thumbnail.isEmpty {
            block += short(2) + entry(0x0201, long: 98) + entry(0x0202, long: thumbnail.count) + long(0)
            block += thumbnail
        }
        return block
    }

    /// A marker segment.
    static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 255)] + payload
    }

    /// A JPEG with segments inserted after SOI.
    static func jpeg(_ file: [UInt8], inserting segments: [UInt8]) -> [UInt8] {
        Array(file.prefix(2)) + segments + file.dropFirst(2)
    }

    /// A JPEG with an EXIF block.
    static func jpeg(_ file: [UInt8], exif: [UInt8]) -> [UInt8] {
        jpeg(file, inserting: segment(0xE1, [0x45, 0x78, 0x69, 0x66, 0, 0] + exif))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// A decoded picture as an array, for comparisons.
struct Picture: Equatable {
    var width: Int
    var height: Int
    var channels: Int
    var samples: [UInt8]

    init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
        self.width = width
        self.height = height
        self.channels = channels
        self.samples = samples
    }

    init(_ buffer: borrowing PixelBuffer) {
        self.init(
            width: buffer.width, height: buffer.height, channels: buffer.layout.bytesPerPixel,
            samples: buffer.withUnsafeBytes { Array($0) })
    }

    init(decoding file: [UInt8], scale: Int = 1, colors: ImageDecoder.Colors = .stored) throws {
        let bytes = file.span.bytes
        let info = try ImageHeader.read(bytes, limits: CodecLimits())
        try self.init(
            ImageDecoder.decode(
                bytes, info: info, scaleDenominator: scale, colors: colors, limits: CodecLimits(),
                cancelled: CancelFlag()))
    }

    subscript(x: Int, y: Int) -> ArraySlice<UInt8> {
        let start = (y * width + x) * channels
        return samples[start..<start + channels]
    }

    /// The picture rotated by the definition of the EXIF values, pixel by pixel. This is slow, and independent of the
    /// code that it tests.
    func seen(as orientation: Orientation) -> Picture {
        let swaps = orientation.rawValue >= 5
        var result = Picture(
            width: swaps ? height : width, height: swaps ? width : height, channels: channels, samples: [])
        result.samples.reserveCapacity(samples.count)
        for y in 0..<result.height {
            for x in 0..<result.width {
                // Where row 0 and column 0 of the stored picture are displayed: Exif 2.32, 4.6.4.A, table for
                // Orientation.
                let from: (x: Int, y: Int) =
                    switch orientation.rawValue {
                    case 2: (width - 1 - x, y)
                    case 3: (width - 1 - x, height - 1 - y)
                    case 4: (x, height - 1 - y)
                    case 5: (y, x)
                    case 6: (y, height - 1 - x)
                    case 7: (width - 1 - y, height - 1 - x)
                    case 8: (width - 1 - y, x)
                    default: (x, y)
                    }
                result.samples += self[from.x, from.y]
            }
        }
        return result
    }

    /// The mean difference of samples; nil if the shapes differ.
    func meanDifference(to other: Picture) -> Double? {
        guard (width, height, channels) == (other.width, other.height, other.channels) else { return nil }
        let sum = zip(samples, other.samples).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        return Double(sum) / Double(samples.count)
    }

    func maximumDifference(to other: Picture) -> Int? {
        guard (width, height, channels) == (other.width, other.height, other.channels) else { return nil }
        return zip(samples, other.samples).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    }
}
