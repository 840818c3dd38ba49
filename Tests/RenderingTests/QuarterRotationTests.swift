import ImageCodecs
import ImageModel
import Testing

@testable import Rendering

@Suite struct QuarterRotationTests {
    private func rotated(_ orientation: Orientation, _ picture: borrowing PixelBuffer) throws -> PixelBuffer {
        try QuarterRotation.apply(orientation, to: picture, cancelled: CancelFlag())
    }

    /// Written by hand from the names of the EXIF values. Row 0 of the stored picture is the visual top (1), the
    /// mirrored top (2), the mirrored bottom (3), the bottom (4), the left (5), the right (6), the right from below
    /// (7), or the left from below (8).
    @Test(arguments: [
        (Orientation.upright, 3, "abcdef"), (.mirrored, 3, "cbafed"), (.rotated180, 3, "fedcba"),
        (.mirroredRotated180, 3, "defabc"), (.mirroredRotated270, 2, "adbecf"), (.rotated90, 2, "daebfc"),
        (.mirroredRotated90, 2, "fcebda"), (.rotated270, 2, "cfbead"),
    ])
    func `all eight orientations, compared with results by hand`(orientation: Orientation, width: Int, expected: String)
        throws
    {
        // abc
        // def
        let letters = Array("abcdef".utf8)
        let picture = try TestPictures.make(3, 2, .gray8) { x, y, _ in letters[y * 3 + x] }
        let output = try rotated(orientation, picture)
        #expect(output.width == width)
        #expect(String(decoding: output.samples(), as: UTF8.self) == expected)
    }

    @Test(arguments: Orientation.allCases, [PixelBuffer.Layout.gray8, .rgb8, .rgba8])
    func `an orientation and its inverse give the same picture`(orientation: Orientation, layout: PixelBuffer.Layout)
        throws
    {
        // Larger than a tile, and not a multiple of a tile.
        let picture = try TestPictures.noise(71, 37, layout)
        let output = try rotated(orientation.inverse, try rotated(orientation, picture))
        #expect(output.size == picture.size)
        #expect(output.samples() == picture.samples())
    }

    @Test(arguments: Orientation.allCases, Orientation.allCases)
    func `two orientations in order equal their combination`(first: Orientation, second: Orientation) throws {
        let picture = try TestPictures.noise(5, 4, .rgb8)
        let twice = try rotated(second, try rotated(first, picture))
        let once = try rotated(first.followed(by: second), picture)
        #expect(twice.size == once.size)
        #expect(twice.samples() == once.samples())
    }
}
