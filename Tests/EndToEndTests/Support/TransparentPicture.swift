import ImageCodecs
import ImageModel

extension Pictures {
    /// Transparent black, with an opaque red square in the top left corner.
    static func transparent(width: Int, height: Int, format: ImageFormat) throws -> [UInt8] {
        var pixels = try PixelBuffer(width: width, height: height, layout: .rgba8)
        pixels.withUnsafeMutableBytes { bytes in
            for y in 0..<height {
                for x in 0..<width {
                    let place = (y * width + x) * 4
                    let isSquare = x < width / 4 && y < height / 4
                    for channel in 0..<4 { bytes[place + channel] = 0 }
                    if isSquare {
                        bytes[place] = 255
                        bytes[place + 3] = 255
                    }
                }
            }
        }
        return try ImageEncoder.encode(
            pixels, format: format, quality: format.capabilities.hasQuality ? 100 : nil, metadata: nil,
            cancelled: CancelFlag())
    }

    /// Red, green, blue and alpha of the last pixel; 255 for alpha if the file has none.
    static func lastPixel(of file: [UInt8]) throws -> [Int] {
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        let pixels = try ImageDecoder.decode(
            file.span.bytes, info: info, scaleDenominator: 1, limits: CodecLimits(), cancelled: CancelFlag())
        let channels = pixels.layout.bytesPerPixel
        return pixels.withUnsafeBytes { bytes in
            let place = (pixels.width * pixels.height - 1) * channels
            let last = (0..<channels).map { Int(bytes[place + $0]) }
            switch channels {
            case 1: return [last[0], last[0], last[0], 255]
            case 2: return [last[0], last[0], last[0], last[1]]
            case 3: return last + [255]
            default: return last
            }
        }
    }
}
