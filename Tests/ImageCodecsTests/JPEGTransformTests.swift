import ImageCodecs
import ImageModel
import Testing

/// Rotating stored JPEG files: coefficients, tags, thumbnails, and the data around the picture.
@Suite struct JPEGTransformTests {
    private static func rotate(_ file: [UInt8], _ change: Orientation) throws -> TransformedImage {
        try ImageTransform.apply(change, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
    }

    private static func info(_ file: [UInt8]) throws -> ImageInfo {
        try readHeader(file)
    }

    /// Coefficients and tables, in the one form that jpegtran writes.
    private static func canonical(_ file: [UInt8]) throws -> [UInt8] {
        try #require(try Oracle.run("jpegtran", ["-copy", "none", "-optimize"], input: file))
    }

    /// Every change, with the options of jpegtran for it.
    static let arguments: [(Orientation, [String])] = [
        (.mirrored, ["-flip", "horizontal"]), (.rotated180, ["-rotate", "180"]),
        (.mirroredRotated180, ["-flip", "vertical"]), (.mirroredRotated270, ["-transpose"]),
        (.rotated90, ["-rotate", "90"]), (.mirroredRotated90, ["-transverse"]), (.rotated270, ["-rotate", "270"]),
    ]

    /// Files with sides that are whole MCUs and that are not, in every sampling that cjpeg writes.
    @Test(
        .enabled(if: Oracle.has("cjpeg", "jpegtran", corpus: false)),
        arguments: [
            ["-sample", "2x2"], ["-sample", "2x1"], ["-sample", "1x2"], ["-sample", "1x1"], ["-sample", "4x1"],
            ["-sample", "2x2,1x2,2x1"], ["-grayscale"], ["-progressive"], ["-arithmetic"], ["-quality", "20"],
            ["-rgb"],
        ])
    func everyRotationEqualsJpegtranPerfect(options: [String]) throws {
        var lossless = 0
        for (width, height) in [(64, 96), (96, 64), (61, 96), (64, 90), (33, 35)] {
            let pixels = try TestImages.pixels(width: width, height: height, layout: .rgb8)
            let ppm = Array("P6\n\(width) \(height)\n255\n".utf8) + Picture(pixels).samples
            let file = try #require(try Oracle.run("cjpeg", options, input: ppm))
            for (change, switches) in Self.arguments {
                let expected = try Oracle.run("jpegtran", ["-perfect"] + switches, input: file)
                let rotated = try Self.rotate(file, change)
                #expect(rotated.isLossless == (expected != nil), "\(width)x\(height) \(switches)")
                if let expected {
                    #expect(
                        try Self.canonical(rotated.bytes) == Self.canonical(expected), "\(width)x\(height) \(switches)")
                    lossless += 1
                }
                #expect(
                    rotated.info.size
                        == (change.swapsAxes
                            ? PixelSize(width: height, height: width) : PixelSize(width: width, height: height)))
                try checkStructure(rotated.bytes, .jpeg)
            }
        }
        #expect(lossless >= 14)
    }

    @Test(arguments: Orientation.allCases)
    func rotatedPixelsAreThePixelsRotated(change: Orientation) throws {
        // With 4:4:4 and whole blocks, every rotation is lossless. Rotating and decoding give the same pixels in either
        // order, except for rounding.
        for (width, height) in [(64, 48), (61, 45)] {
            let file = try TestImages.file(.jpeg, width: width, height: height, quality: 95)
            let rotated = try Self.rotate(file, change)
            let expected = try Picture(decoding: file).seen(as: change)
            let actual = try Picture(decoding: rotated.bytes)
            let difference = try #require(actual.meanDifference(to: expected))
            // If the file is encoded again, quantisation noise is added.
            #expect(difference < (rotated.isLossless ? 1 : 1.6), "\(width)x\(height)")
            if width == 64 { #expect(rotated.isLossless) }
        }
    }

    @Test func fourQuarterRotationsGiveTheSameFile() throws {
        let file = try TestImages.file(.jpeg, width: 64, height: 96, quality: 70)
        let once = try Self.rotate(file, .rotated90)
        var rotated = once
        for _ in 0..<4 { rotated = try Self.rotate(rotated.bytes, .rotated90) }
        #expect(rotated.isLossless)
        #expect(rotated.bytes == once.bytes)
    }

    @Test(arguments: Orientation.allCases, Orientation.allCases)
    func storedOrientationIsAppliedFirst(stored: Orientation, change: Orientation) throws {
        let plain = try TestImages.file(.jpeg, width: 48, height: 32, quality: 95)
        let file = TestImages.jpeg(
            plain, exif: TestImages.exif(orientation: UInt16(stored.rawValue), width: 48, height: 32))
        #expect(try Self.info(file).orientation == stored)
        let rotated = try Self.rotate(file, change)
        #expect(rotated.info.orientation == .upright)
        let expected = try Picture(decoding: plain).seen(as: stored).seen(as: change)
        let actual = try Picture(decoding: rotated.bytes)
        #expect(try #require(actual.meanDifference(to: expected)) < 1.5)
    }

    @Test(arguments: [true, false])
    func ifNoPixelMovesOnlyTheTagIsWritten(bigEndian: Bool) throws {
        let plain = try TestImages.file(.jpeg, width: 50, height: 30) + [1, 2, 3]
        let file = TestImages.jpeg(
            plain, exif: TestImages.exif(orientation: 8, width: 50, height: 30, bigEndian: bigEndian))
        let expected = TestImages.jpeg(
            plain, exif: TestImages.exif(orientation: 1, width: 50, height: 30, bigEndian: bigEndian))
        let rotated = try Self.rotate(file, .rotated90)
        #expect(rotated.isLossless)
        #expect(rotated.bytes == expected)
    }

    @Test func segmentsStayAndWidthAndHeightAreExchanged() throws {
        let comment = TestImages.segment(0xFE, Array("by hand".utf8))
        let custom = TestImages.segment(0xED, (0..<200).map { UInt8($0) })
        let index = TestImages.segment(0xE2, [0x4D, 0x50, 0x46, 0] + [UInt8](repeating: 9, count: 40))
        let xmp = TestImages.segment(
            0xE1, Array("http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"6\" a='b'/>".utf8))
        let plain = try TestImages.file(.jpeg, width: 64, height: 32)
        let exif = TestImages.segment(
            0xE1, [0x45, 0x78, 0x69, 0x66, 0, 0] + TestImages.exif(orientation: 1, width: 64, height: 32))
        let trailing: [UInt8] = [0xFF, 0xD8, 0xFF, 0xD9]
        let file = TestImages.jpeg(plain, inserting: exif + xmp + custom + index + comment) + trailing
        let rotated = try Self.rotate(file, .rotated90).bytes
        let changed = TestImages.segment(
            0xE1, [0x45, 0x78, 0x69, 0x66, 0, 0] + TestImages.exif(orientation: 1, width: 32, height: 64))
        let upright = TestImages.segment(
            0xE1, Array("http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"1\" a='b'/>".utf8))
        let expected = changed + upright + custom + comment
        #expect(Array(rotated[2..<2 + expected.count]) == expected)
        // The second picture after the end would no longer match, so it is removed.
        #expect(try checkStructure(rotated, .jpeg).trailingBytes == 0)
    }

    @Test(arguments: [(40, 24), (48, 32)])
    func theThumbnailIsRotatedToo(width: Int, height: Int) throws {
        let thumbnail = try TestImages.file(.jpeg, width: width, height: height, quality: 95)
        // Space to grow, as cameras leave it.
        let padded = thumbnail + [UInt8](repeating: 0, count: 2_000)
        let file = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 96, height: 64),
            exif: TestImages.exif(orientation: 1, width: 96, height: 64, thumbnail: padded))
        let rotated = try Self.rotate(file, .rotated90).bytes
        let start = try #require(indices(of: [0xFF, 0xD8, 0xFF], in: rotated).dropFirst().first)
        let inner = Array(rotated[start..<start + padded.count])
        let expected = try Picture(decoding: thumbnail).seen(as: .rotated90)
        #expect(try #require(try Picture(decoding: inner).meanDifference(to: expected)) < 2)
    }

    @Test func aThumbnailThatCannotBeRotatedIsDropped() throws {
        let broken = [0xFF, 0xD8, 0xFF, 0xC0] + [UInt8](repeating: 0x55, count: 300)
        let file = TestImages.jpeg(
            try TestImages.file(.jpeg, width: 96, height: 64),
            exif: TestImages.exif(orientation: 1, width: 96, height: 64, thumbnail: broken))
        let rotated = try Self.rotate(file, .rotated180).bytes
        #expect(indices(of: [0x55, 0x55, 0x55, 0x55], in: rotated).isEmpty)
        #expect(indices(of: [0xFF, 0xD8, 0xFF], in: rotated).count == 1)
    }

    @Test func damagedDataAreRejected() throws {
        var file = try TestImages.file(.jpeg, width: 64, height: 64)
        let scan = try #require(indices(of: [0xFF, 0xDA], in: file).first)
        for index in scan + 14..<scan + 60 where file[index] != 0xFF { file[index] = 0 }
        #expect(throws: CodecError.self) { _ = try Self.rotate(file, .rotated90) }
    }

    @Test(.enabled(if: Oracle.has("jpegtran")))
    func rotationsOfTheCorpusEqualJpegtran() throws {
        let files = try Oracle.files("exif-orientation", "jpg")
        #expect(files.count == 18)
        for (name, bytes) in files {
            let stored = try Self.info(bytes).orientation
            let total = stored.followed(by: .rotated90)
            let rotated = try Self.rotate(bytes, .rotated90)
            #expect(rotated.info.orientation == .upright, "\(name)")
            let switches = Self.arguments.first { $0.0 == total }?.1 ?? []
            let expected = try Oracle.run("jpegtran", ["-perfect"] + switches, input: bytes)
            #expect(rotated.isLossless == (expected != nil), "\(name)")
            if let expected { #expect(try Self.canonical(rotated.bytes) == Self.canonical(expected), "\(name)") }
            let before = try Picture(decoding: bytes, scale: 8).seen(as: total)
            let after = try Picture(decoding: rotated.bytes, scale: 8)
            #expect(try #require(after.meanDifference(to: before)) < 3, "\(name)")
        }
    }

    private func indices(of wanted: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard bytes.count >= wanted.count else { return [] }
        return (0...bytes.count - wanted.count).filter {
            bytes[$0] == wanted[0] && Array(bytes[$0..<$0 + wanted.count]) == wanted
        }
    }
}
