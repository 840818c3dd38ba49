import ImageModel
import Testing

@testable import ImageCodecs

/// Animated WebP and APNG, frame by frame.
@Suite struct AnimationTests {
    private struct Played: Equatable {
        var info: AnimationInfo?
        var frames: [Picture] = []
        var times: [Int] = []
    }

    private static func play(
        _ file: [UInt8], maximumFrames: Int? = nil, limits: CodecLimits = CodecLimits(),
        cancelled: CancelFlag = CancelFlag()
    ) throws -> Played {
        var played = Played()
        let info = try readHeader(file)
        try ImageDecoder.play(
            file.span.bytes, info: info, maximumFrames: maximumFrames, limits: limits, cancelled: cancelled,
            begin: { (info) throws(CodecError) in played.info = info },
            body: { (picture: consuming PixelBuffer, frame: AnimationFrame) throws(CodecError) in
                #expect(frame.index == played.frames.count)
                played.frames.append(Picture(picture))
                played.times.append(frame.milliseconds)
            })
        return played
    }

    /// The colours of a 4 x 2 canvas as letters, row by row: Red, Green, Blue, `.` for transparent.
    private static func letters(_ picture: Picture) -> String {
        var text = ""
        for y in 0..<picture.height {
            for x in 0..<picture.width {
                switch Array(picture[x, y]) {
                case [255, 0, 0, 255]: text += "R"
                case [0, 255, 0, 255]: text += "G"
                case [0, 0, 255, 255]: text += "B"
                case let pixel where pixel[3] == 0: text += "."
                case let pixel: text += "\(pixel)"
                }
            }
        }
        return text
    }

    private struct Part {
        var color: [UInt8]
        var x = 0
        var width = 4
        var delay = (1, 10)
        var disposal: UInt8 = 0
        var blend: UInt8 = 0
    }

    /// An APNG of 4 x 2 pixels in RGBA. Each frame has one colour and its own width, and is two pixels high.
    private static func apng(
        _ parts: [Part], stated: Int? = nil, loops: Int = 0, hidden: Bool = false
    ) -> [UInt8] {
        func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        func data(_ part: Part) -> [UInt8] {
            PNGFile.zlib((0..<2).flatMap { _ in [0] + (0..<part.width).flatMap { _ in part.color } })
        }
        var file = PNGFile.signature + PNGFile.chunk("IHDR", PNGFile.long(4) + PNGFile.long(2) + [8, 6, 0, 0, 0])
        file += PNGFile.chunk("acTL", PNGFile.long(stated ?? parts.count) + PNGFile.long(loops))
        var sequence = 0
        if hidden { file += PNGFile.chunk("IDAT", data(Part(color: [9, 9, 9, 255]))) }
        for (index, part) in parts.enumerated() {
            var control = PNGFile.long(sequence) + PNGFile.long(part.width) + PNGFile.long(2)
            control += PNGFile.long(part.x) + PNGFile.long(0) + short(part.delay.0) + short(part.delay.1)
            file += PNGFile.chunk("fcTL", control + [part.disposal, part.blend])
            sequence += 1
            if index == 0, !hidden {
                file += PNGFile.chunk("IDAT", data(part))
            } else {
                file += PNGFile.chunk("fdAT", PNGFile.long(sequence) + data(part))
                sequence += 1
            }
        }
        return file + PNGFile.chunk("IEND", [])
    }

    private static let red: [UInt8] = [255, 0, 0, 255]
    private static let green: [UInt8] = [0, 255, 0, 255]
    private static let blue: [UInt8] = [0, 0, 255, 255]
    private static let clear: [UInt8] = [0, 0, 0, 0]

    /// An APNG with every kind of frame, as a seed for mutations.
    static func seed() -> [UInt8] {
        apng([
            Part(color: red), Part(color: green, x: 2, width: 2, disposal: 2),
            Part(color: [0, 0, 255, 128], x: 0, width: 1, disposal: 1, blend: 1), Part(color: clear, x: 1, width: 1),
        ])
    }

    /// An animated WebP, as a seed for mutations.
    static func webpSeed() throws -> [UInt8] {
        let info = AnimationInfo(size: PixelSize(width: 33, height: 21), frames: 2, loops: 0)
        let encoder = try AnimationEncoder(info: info, quality: 80)
        for layout in [PixelBuffer.Layout.rgba8, .rgb8] {
            try encoder.add(
                TestImages.pixels(width: 33, height: 21, layout: layout), milliseconds: 50, cancelled: CancelFlag())
        }
        return try encoder.finish()
    }

    @Test func apngDisposesAndBlends() throws {
        let file = Self.apng(
            [
                Part(color: Self.red, delay: (1, 4)),
                Part(color: Self.green, x: 2, width: 2, delay: (30, 0), disposal: 2),
                Part(color: Self.blue, x: 0, width: 1, delay: (0, 5), disposal: 1),
                Part(color: Self.clear, x: 1, width: 1, delay: (1, 3), blend: 1),
                Part(color: Self.clear, x: 1, width: 1, delay: (2, 3), blend: 0),
            ], loops: 3)
        let played = try Self.play(file)
        #expect(played.info == AnimationInfo(size: PixelSize(width: 4, height: 2), frames: 5, loops: 3))
        #expect(
            played.frames.map(Self.letters) == ["RRRRRRRR", "RRGGRRGG", "BRRRBRRR", ".RRR.RRR", "..RR..RR"])
        #expect(played.times == [250, 300, 0, 333, 667])
    }

    /// The server admits as much memory and as many pixels as acTL states. A file with more frames than that passed all
    /// limits.
    @Test(arguments: [1, 2, 4]) func anAPNGWithAnotherNumberOfFramesIsRejected(stated: Int) throws {
        let parts = [Part(color: Self.red), Part(color: Self.green), Part(color: Self.blue)]
        let file = Self.apng(parts, stated: stated)
        #expect(throws: CodecError.damaged("a wrong number of frames in the PNG")) { try checkStructure(file, .png) }
        #expect(throws: CodecError.damaged("a wrong number of frames in the PNG")) { _ = try Self.play(file) }
        try checkStructure(Self.apng(parts), .png)
    }

    /// The metadata say that an animation of one frame has one frame, as for a still. Such a file could not be decoded
    /// at all.
    @Test func theOnlyFrameOfAnAnimationIsShown() throws {
        let picture = try TestImages.file(.webp, width: 40, height: 30)
        for (file, isHidden) in [
            (Self.apng([Part(color: Self.green)]), false), (Self.apng([Part(color: Self.green)], hidden: true), true),
            (try WebPFile.animation(picture, frames: 1, width: 40, height: 30), false),
        ] {
            let info = try readHeader(file)
            #expect(info.frames == 1 && info.isAnimation)
            #expect(try Self.play(file).frames.count == 1)
            let first = Picture(
                try ImageDecoder.firstFrame(
                    file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag()))
            #expect(first.width == info.size.width)
            if isHidden { #expect(Self.letters(first) == "GGGGGGGG") }
        }
        #expect(try !readHeader(picture).isAnimation)
    }

    @Test func aDefaultImageThatIsNotAFrameIsNotShown() throws {
        let file = Self.apng([Part(color: Self.green), Part(color: Self.blue)], hidden: true)
        #expect(try Self.play(file).frames.map(Self.letters) == ["GGGGGGGG", "BBBBBBBB"])
        let info = try readHeader(file)
        let first = try ImageDecoder.firstFrame(
            file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag())
        #expect(Self.letters(Picture(first)) == "GGGGGGGG")
    }

    @Test func anAnimationIsNeverDecodedAsAStill() throws {
        for file in [
            Self.apng([Part(color: Self.red), Part(color: Self.blue)]), try Self.webp([Self.red, Self.blue]),
        ] {
            let info = try readHeader(file)
            #expect(info.frames == 2)
            #expect(throws: CodecError.self) {
                _ = try Picture(
                    ImageDecoder.decode(file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag()))
            }
        }
    }

    /// A WebP of 4 x 2 pixels with a frame of each of these colours.
    private static func webp(_ colors: [[UInt8]], loops: Int = 0, metadata: EncodedMetadata? = nil) throws -> [UInt8] {
        let info = AnimationInfo(size: PixelSize(width: 4, height: 2), frames: colors.count, loops: loops)
        let encoder = try AnimationEncoder(info: info, quality: nil, isLossless: true, metadata: metadata)
        for (index, color) in colors.enumerated() {
            var picture = try PixelBuffer(width: 4, height: 2, layout: .rgba8)
            picture.withMutableSamples { samples in
                for at in samples.indices { samples[at] = color[at % 4] }
            }
            try encoder.add(picture, milliseconds: 40 * (index + 1), cancelled: CancelFlag())
        }
        return try encoder.finish()
    }

    @Test func webpKeepsFramesTimesAndLoops() throws {
        let metadata = EncodedMetadata(copyright: Array("Ann".utf8))
        let file = try Self.webp([Self.red, Self.clear, Self.blue, Self.green], loops: 7, metadata: metadata)
        try checkStructure(file, .webp)
        let played = try Self.play(file)
        #expect(played.info == AnimationInfo(size: PixelSize(width: 4, height: 2), frames: 4, loops: 7))
        #expect(played.frames.map(Self.letters) == ["RRRRRRRR", "........", "BBBBBBBB", "GGGGGGGG"])
        #expect(played.times == [40, 80, 120, 160])
        let info = try readHeader(file)
        #expect(EncodedMetadata.read(file.span.bytes, info: info) == metadata)
        #expect(try Self.play(file, maximumFrames: 2).frames.count == 2)
    }

    @Test func photosStayCloseWhenTheyAreEncodedAgain() throws {
        let size = PixelSize(width: 60, height: 44)
        let info = AnimationInfo(size: size, frames: 3, loops: 0)
        let encoder = try AnimationEncoder(info: info, quality: 90)
        var sources: [Picture] = []
        for layout in [PixelBuffer.Layout.rgb8, .gray8, .rgba8] {
            let pixels = try TestImages.pixels(width: size.width, height: size.height, layout: layout)
            sources.append(Picture(pixels))
            try encoder.add(pixels, milliseconds: 100, cancelled: CancelFlag())
        }
        let file = try encoder.finish()
        let played = try Self.play(file)
        #expect(played.info == info)
        for (source, frame) in zip(sources, played.frames).prefix(2) {
            #expect(try #require(frame.rgb.meanDifference(to: source.rgb)) < 8)
        }
        #expect(played.frames.last?.alpha == sources.last?.alpha)
    }

    @Test func oneFrameAndAStillAreOneFrame() throws {
        for format in ImageFormat.allCases {
            let file = try TestImages.file(format, width: 20, height: 10)
            let played = try Self.play(file)
            #expect(played.frames.count == 1 && played.info?.frames == 1)
            #expect(try played.frames.first == Picture(decoding: file, colors: .sRGB))
        }
        #expect(try readHeader(Self.webp([Self.red])).frames == 1)
    }

    @Test func limitsAreCheckedBeforeDecoding() throws {
        for file in [
            Self.apng([Part](repeating: Part(color: Self.red), count: 5)),
            try Self.webp([Self.red, Self.green, Self.blue, Self.red, Self.green]),
        ] {
            let sum = 5 * 8
            #expect(throws: CodecError.self) {
                _ = try Self.play(file, limits: CodecLimits(maximumAnimationPixels: sum - 1))
            }
            for limits in [CodecLimits(maximumAnimationPixels: sum), CodecLimits(maximumFrames: 5)] {
                #expect(try Self.play(file, limits: limits).frames.count == 5)
            }
            #expect(throws: CodecError.tooLarge(limit: "the number of frames", value: 5, maximum: 4)) {
                _ = try Self.play(file, limits: CodecLimits(maximumFrames: 4))
            }
            // For a still, the limits do not count the other frames.
            #expect(
                try Self.play(file, maximumFrames: 1, limits: CodecLimits(maximumAnimationPixels: 8)).times.count == 1)
            let flag = CancelFlag()
            flag.cancel()
            #expect(throws: CodecError.cancelled) { _ = try Self.play(file, cancelled: flag) }
        }
    }

    @Test func brokenFramesAreRejected() throws {
        let good = Self.apng([Part(color: Self.red), Part(color: Self.blue)])
        for (part, message) in [
            (Part(color: Self.red, x: 1), "outside"), (Part(color: Self.red, x: 4, width: 1), "outside"),
            (Part(color: Self.red, width: 0), "empty"), (Part(color: Self.red, disposal: 3), "disposal"),
            (Part(color: Self.red, blend: 2), "blend"),
        ] {
            #expect(throws: CodecError.self, "\(message)") {
                _ = try Self.play(Self.apng([Part(color: Self.blue), part]))
            }
        }
        for count in stride(from: 0, to: good.count - 16, by: 7) {
            let cut = Array(good.prefix(count))
            guard (try? readHeader(cut)) != nil else { continue }
            // At least the end of the last frame's chunk is missing.
            #expect(throws: CodecError.self, "\(count)") { _ = try Self.play(cut) }
        }
    }
}
