import ImageModel
import Testing

@testable import ImageCodecs

/// Reading EXIF, with hostile blocks.
@Suite struct ExifReaderTests {
    private static func read(_ block: [UInt8]) -> ExifReader? { ExifReader.read(block.span.bytes) }

    @Test(arguments: [true, false])
    func everythingIsFoundInBothByteOrders(bigEndian: Bool) throws {
        let block = TestImages.exif(
            orientation: 5, width: 4_000, height: 3_000, thumbnail: [1, 2, 3, 4], bigEndian: bigEndian)
        let walk = try #require(Self.read(block))
        #expect(walk.orientationValue == .mirroredRotated270)
        #expect(walk.pixelWidth?.value == 4_000 && walk.pixelHeight?.value == 3_000)
        #expect(try block[#require(walk.thumbnail)].elementsEqual([1, 2, 3, 4]))
    }

    @Test(arguments: [0, 9, 65_535] as [UInt16])
    func unknownOrientationsAreIgnored(value: UInt16) {
        #expect(Self.read(TestImages.exif(orientation: value))?.orientationValue == nil)
    }

    @Test func noTruncationCrashesTheReader() {
        let block = TestImages.exif(orientation: 6, width: 10, height: 20, thumbnail: [UInt8](repeating: 1, count: 40))
        for count in 0...block.count {
            if let walk = Self.read(Array(block.prefix(count))), let thumbnail = walk.thumbnail {
                #expect(thumbnail.upperBound <= count)
            }
        }
    }

    /// Directories that point to themselves, to each other, and out of the block.
    @Test func hostileOffsetsAreBounded() {
        let block = TestImages.exif(orientation: 6, width: 10, height: 20, thumbnail: [UInt8](repeating: 1, count: 40))
        for at in stride(from: 4, to: block.count - 4, by: 1) {
            for value: [UInt8] in [[0, 0, 0, 8], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 38]] {
                var broken = block
                broken.replaceSubrange(at..<at + 4, with: value)
                guard let walk = Self.read(broken) else { continue }
                for number in [walk.orientation, walk.pixelWidth, walk.thumbnailLength].compactMap({ $0 }) {
                    #expect(number.offset + number.width <= broken.count)
                }
                if let thumbnail = walk.thumbnail { #expect(thumbnail.upperBound <= broken.count) }
                var edited = broken
                let rotation = PixelRotation(
                    stored: .rotated90, change: .rotated90, before: PixelSize(width: 10, height: 20),
                    limits: CodecLimits(), cancelled: CancelFlag())
                _ = MetadataEdit.rotateExif(&edited, rotation, maximumBytes: broken.count)
                #expect(edited.count == broken.count)
            }
        }
    }

    @Test func artistAndCopyrightAreWrittenAndReadBack() throws {
        let metadata = EncodedMetadata(artist: Array("Ann".utf8), copyright: Array("© Ann, 2024".utf8))
        for format in ImageFormat.allCases {
            for kept in [metadata, EncodedMetadata(artist: nil, copyright: Array("A longer one".utf8))] {
                let bytes = try TestImages.file(format, width: 16, height: 9, metadata: kept)
                let info = try readHeader(bytes)
                #expect(EncodedMetadata.read(bytes.span.bytes, info: info) == kept)
                try checkStructure(bytes, format)
                let without = try TestImages.file(format, width: 16, height: 9)
                #expect(try Picture(decoding: bytes) == Picture(decoding: without))
            }
        }
        let plain = try TestImages.file(.jpeg, width: 16, height: 9)
        let info = try readHeader(plain)
        #expect(EncodedMetadata.read(plain.span.bytes, info: info) == nil)
    }

    @Test(.enabled(if: Oracle.has("exiftool", corpus: false)))
    func exiftoolReadsWhatIsWritten() throws {
        let metadata = EncodedMetadata(artist: Array("Ann".utf8), copyright: Array("Ann Example, 2024".utf8))
        for format in ImageFormat.allCases {
            let bytes = try TestImages.file(format, width: 16, height: 9, metadata: metadata)
            let text = try #require(try Oracle.run("exiftool", ["-s3", "-Artist", "-Copyright", "-"], input: bytes))
            #expect(String(decoding: text, as: UTF8.self) == "Ann\nAnn Example, 2024\n", "\(format)")
        }
    }
}
