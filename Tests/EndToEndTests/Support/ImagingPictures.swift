import ImageCodecs
import ImageModel

/// Pictures with more than pixels: frames, and the metadata of cameras.
extension Pictures {
    /// A picture of one colour.
    private static func flat(_ color: [UInt8], width: Int, height: Int) throws -> PixelBuffer {
        var picture = try PixelBuffer(
            width: width, height: height, layout: color.count == 4 ? .rgba8 : .rgb8)
        picture.withMutableSamples { samples in
            for at in samples.indices { samples[at] = color[at % color.count] }
        }
        return picture
    }

    static let colors: [[UInt8]] = [[230, 20, 20, 255], [20, 200, 20, 255], [20, 20, 230, 255]]

    /// Red, green and blue, for 40, 80 and 120 ms.
    static func animatedWebP(width: Int = 64, height: Int = 48, loops: Int = 5) throws -> [UInt8] {
        let info = AnimationInfo(size: PixelSize(width: width, height: height), frames: 3, loops: loops)
        let encoder = try AnimationEncoder(info: info, quality: 90)
        for (index, color) in colors.enumerated() {
            try encoder.add(
                flat(color, width: width, height: height), milliseconds: 40 * (index + 1), cancelled: CancelFlag())
        }
        return try encoder.finish()
    }

    /// The same as an uncompressed APNG (PNG, third edition, 11.3.6).
    static func animatedPNG(width: Int = 64, height: Int = 48, loops: Int = 5) -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file += chunk("IHDR", long(width) + long(height) + [8, 2, 0, 0, 0])
        file += chunk("acTL", long(colors.count) + long(loops))
        var sequence = 0
        for (index, color) in colors.enumerated() {
            let control = long(sequence) + long(width) + long(height) + long(0) + long(0)
            file += chunk("fcTL", control + [0, UInt8(4 * (index + 1)), 0, 100, 0, 0])
            sequence += 1
            let row = [0] + Array(repeatElement(color.prefix(3), count: width).joined())
            let data = zlib(Array(repeatElement(row, count: height).joined()))
            if index == 0 {
                file += chunk("IDAT", data)
            } else {
                file += chunk("fdAT", long(sequence) + data)
                sequence += 1
            }
        }
        return file + chunk("IEND", [])
    }

    /// One stored block (RFC 1951, section 3.2.4) in a zlib stream (RFC 1950): at most 65,535 bytes.
    private static func zlib(_ raw: [UInt8]) -> [UInt8] {
        let count = raw.count
        let sums = raw.reduce((1, 0)) { sums, byte in
            let low = (sums.0 + Int(byte)) % 65_521
            return (low, (sums.1 + low) % 65_521)
        }
        let length = [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
        return [0x78, 0x01, 1] + length + raw + short(sums.1) + short(sums.0)
    }

    /// The content of a file as a player shows it: colours of the frames' first pixels, times, loops.
    struct Show: Equatable {
        var size: PixelSize
        var loops: Int
        var times: [Int]
        /// The index of the nearest of ``colors``.
        var shown: [Int]
    }

    static func play(_ file: [UInt8]) throws -> Show {
        let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
        var show = Show(size: info.size, loops: -1, times: [], shown: [])
        try ImageDecoder.play(
            file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag(),
            begin: { (animation: AnimationInfo) throws(CodecError) in
                show.loops = animation.loops
                show.size = animation.size
            },
            body: { (picture: consuming PixelBuffer, frame: AnimationFrame) throws(CodecError) in
                show.times.append(frame.milliseconds)
                let pixel = picture.withSamples { samples in (0..<3).map { Int(samples[$0]) } }
                let distances = colors.map { color in zip(color, pixel).reduce(0) { $0 + abs(Int($1.0) - $1.1) } }
                show.shown.append(distances.indices.min { distances[$0] < distances[$1] } ?? -1)
            })
        return show
    }

    /// A JPEG of noise in every sample, with about two bytes per pixel.
    static func fullNoise(side: Int) throws -> [UInt8] {
        var pixels = try PixelBuffer(width: side, height: side, layout: .rgb8)
        pixels.withUnsafeMutableBytes { bytes in
            var state: UInt64 = 1
            bytes.withMemoryRebound(to: UInt64.self) { words in
                for place in words.indices {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    words[place] = state ^ state >> 33
                }
            }
        }
        return try ImageEncoder.encode(pixels, format: .jpeg, quality: 95, metadata: nil, cancelled: CancelFlag())
    }

    // MARK: EXIF

    /// A JPEG with the metadata of a phone (make, model, time and place), and bytes after its end.
    static func phonePhoto(
        width: Int = 96, height: Int = 64, orientation: UInt8 = 1, trailer: [UInt8] = []
    ) throws -> [UInt8] {
        let jpeg = try jpeg(width: width, height: height)
        let block = exif(orientation: orientation)
        let payload = Array("Exif\0\0".utf8) + block
        let length = payload.count + 2
        return Array(jpeg.prefix(2)) + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + payload
            + jpeg.dropFirst(2) + trailer
    }

    /// Tintype Works, Model 1; 2024-05-06 07:08:09 +02:00; 52.5 N, 13.25 E, 34 m (Exif 2.32).
    private static func exif(orientation: UInt8) -> [UInt8] {
        struct Entry {
            var tag: Int
            var type: Int
            var count: Int
            var value: [UInt8]
        }
        func text(_ tag: Int, _ text: String) -> Entry {
            let bytes = Array(text.utf8) + [0]
            return Entry(tag: tag, type: 2, count: bytes.count, value: bytes)
        }
        func rationals(_ tag: Int, _ numbers: [(Int, Int)]) -> Entry {
            Entry(tag: tag, type: 5, count: numbers.count, value: numbers.flatMap { long($0.0) + long($0.1) })
        }
        func directory(_ entries: [Entry], at start: Int) -> [UInt8] {
            var head = short(entries.count)
            var values: [UInt8] = []
            let valueStart = start + 2 + 12 * entries.count + 4
            for entry in entries {
                head += short(entry.tag) + short(entry.type) + long(entry.count)
                if entry.value.count <= 4 {
                    head += entry.value + [UInt8](repeating: 0, count: 4 - entry.value.count)
                } else {
                    head += long(valueStart + values.count)
                    values += entry.value + (entry.value.count % 2 == 1 ? [0] : [])
                }
            }
            return head + long(0) + values
        }
        let photo = [text(0x9003, "2024:05:06 07:08:09"), text(0x9011, "+02:00")]
        let place = [
            text(0x0001, "N"), rationals(0x0002, [(52, 1), (30, 1), (0, 1)]), text(0x0003, "E"),
            rationals(0x0004, [(13, 1), (15, 1), (0, 1)]), Entry(tag: 5, type: 1, count: 1, value: [0]),
            rationals(0x0006, [(34, 1)]),
        ]
        func first(_ photoAt: Int, _ placeAt: Int) -> [UInt8] {
            directory(
                [
                    text(0x010F, "Tintype Works"), text(0x0110, "Model 1"),
                    Entry(tag: 0x0112, type: 3, count: 1, value: short(Int(orientation))),
                    Entry(tag: 0x8769, type: 4, count: 1, value: long(photoAt)),
                    Entry(tag: 0x8825, type: 4, count: 1, value: long(placeAt)),
                ], at: 8)
        }
        let photoAt = 8 + first(0, 0).count
        let photoBytes = directory(photo, at: photoAt)
        let placeAt = photoAt + photoBytes.count
        return [0x4D, 0x4D, 0, 42] + long(8) + first(photoAt, placeAt) + photoBytes + directory(place, at: placeAt)
    }

    // MARK: PNG's chunks

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        let crc = ~body.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return long(data.count) + body + long(Int(crc))
    }

    private static func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }

    private static func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }
}
