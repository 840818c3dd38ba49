import ImageCodecs
import ImageModel

/// Generated pictures for tests that need no photo.
enum Pictures {
    /// Colour ramps with a bright square in the top left corner, so that every rotation can be recognised.
    static func jpeg(width: Int = 96, height: Int = 64, quality: Int = 90) throws -> [UInt8] {
        try encode(width: width, height: height, format: .jpeg, quality: quality)
    }

    static func encode(width: Int, height: Int, format: ImageFormat, quality: Int? = 90) throws -> [UInt8] {
        try encode(width: width, height: height, format: format, quality: quality) { x, y in
            if x < width / 4, y < height / 4 { return (255, 240, 0) }
            return (UInt8(x * 200 / width), UInt8(y * 200 / height), 60)
        }
    }

    /// Noise, which no format can compress well: about one byte per pixel as a JPEG.
    static func noise(width: Int, height: Int, seed: UInt64 = 1) throws -> [UInt8] {
        var state = seed
        return try encode(width: width, height: height, format: .jpeg, quality: 95) { _, _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (
                UInt8(truncatingIfNeeded: state >> 33), UInt8(truncatingIfNeeded: state >> 41),
                UInt8(truncatingIfNeeded: state >> 49)
            )
        }
    }

    /// Ramps with a bright square in this corner.
    static func jpeg(brightestAt corner: Corner) throws -> [UInt8] {
        let (width, height) = (96, 64)
        return try encode(width: width, height: height, format: .jpeg, quality: 90) { x, y in
            let isLeft = x < width / 4
            let isTop = y < height / 4
            let isRight = x >= width - width / 4
            let isBottom = y >= height - height / 4
            let isBright =
                switch corner {
                case .topLeft: isTop && isLeft
                case .topRight: isTop && isRight
                case .bottomRight: isBottom && isRight
                case .bottomLeft: isBottom && isLeft
                }
            return isBright ? (255, 240, 0) : (UInt8(x * 200 / width), UInt8(y * 200 / height) / 2, 60)
        }
    }

    /// A JPEG of exactly this length: a small picture and bytes after its end. The server stores these bytes.
    static func jpeg(ofLength length: Int, seed: UInt64 = 7) throws -> [UInt8] {
        try extended(try jpeg(), to: length, seed: seed)
    }

    /// The file with bytes after its end. The server stores these bytes. They differ for every other odd seed.
    static func extended(_ file: [UInt8], to length: Int, seed: UInt64) throws -> [UInt8] {
        var bytes = file
        var state = seed | 1
        bytes.reserveCapacity(length)
        while bytes.count < length {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(UInt8(truncatingIfNeeded: state >> 56))
        }
        return bytes
    }

    private static func encode(
        width: Int, height: Int, format: ImageFormat, quality: Int?, _ color: (Int, Int) -> (UInt8, UInt8, UInt8)
    ) throws -> [UInt8] {
        var pixels = try PixelBuffer(width: width, height: height, layout: .rgb8)
        pixels.withUnsafeMutableBytes { bytes in
            for y in 0..<height {
                for x in 0..<width {
                    let (red, green, blue) = color(x, y)
                    let place = (y * width + x) * 3
                    bytes[place] = red
                    bytes[place + 1] = green
                    bytes[place + 2] = blue
                }
            }
        }
        return try ImageEncoder.encode(
            pixels, format: format, quality: quality, metadata: nil, cancelled: CancelFlag())
    }

    /// The brightest corner of a decoded picture. The square of ``encode(width:height:format:quality:)`` is there.
    static func corner(of file: [UInt8]) throws -> Corner {
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        let pixels = try ImageDecoder.decode(
            file.span.bytes, info: info, scaleDenominator: 1, limits: CodecLimits(), cancelled: CancelFlag())
        let channels = pixels.layout.bytesPerPixel
        return pixels.withUnsafeBytes { bytes in
            func brightness(_ x: Int, _ y: Int) -> Int {
                let place = (y * pixels.width + x) * channels
                return Int(bytes[place]) + Int(bytes[place + 1])
            }
            let (right, bottom) = (pixels.width - 5, pixels.height - 5)
            let corners: [(Corner, Int)] = [
                (.topLeft, brightness(4, 4)), (.topRight, brightness(right, 4)),
                (.bottomRight, brightness(right, bottom)), (.bottomLeft, brightness(4, bottom)),
            ]
            return corners.max { $0.1 < $1.1 }?.0 ?? .topLeft
        }
    }

    enum Corner: Sendable, CaseIterable {
        case topLeft, topRight, bottomRight, bottomLeft
    }
}
