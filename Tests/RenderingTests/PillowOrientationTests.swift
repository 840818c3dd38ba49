import Foundation
import ImageCodecs
import ImageModel
import Rendering
import Testing

/// The 18 photos of the corpus, in two sets with one photo for each orientation value from 0 to 8, compared with the
/// result of Pillow's `exif_transpose`.
@Suite struct PillowOrientationTests {
    /// The Python with Pillow that scripts/test installed; nil outside of scripts/test. A Python without Pillow fails
    /// the tests.
    private static let python = ProcessInfo.processInfo.environment["PYTHON"]

    /// Writes the samples of three pictures: fitted into 90x90, a square of 60 from the middle, and fitted into 90x90
    /// after a clockwise rotation by 90 degrees.
    private static let script = """
        import sys
        from PIL import Image, ImageOps
        for path in sys.argv[2:]:
            seen = ImageOps.exif_transpose(Image.open(path)).convert('RGB')
            size = (90, 60) if seen.width > seen.height else (60, 90)
            small = seen.resize(size, Image.Resampling.LANCZOS)
            square = ImageOps.fit(seen, (60, 60), Image.Resampling.LANCZOS)
            rotated = seen.transpose(Image.Transpose.ROTATE_270).resize(size[::-1], Image.Resampling.LANCZOS)
            name = path.rsplit('/', 1)[1]
            open(sys.argv[1] + '/' + name, 'wb').write(small.tobytes() + square.tobytes() + rotated.tobytes())
        """

    private static func samples(
        _ file: [UInt8], width: Int, height: Int, fit: RenditionRequest.Fit
    ) throws -> [UInt8] {
        let limits = RenderLimits()
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: width, height: height, fit: fit, format: .png, quality: nil)
        let image = try Renderer.render(
            file.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag())
        let made = try ImageHeader.read(image.bytes.span.bytes, limits: limits.codec)
        #expect(made.size == PixelSize(width: width, height: height) && made.orientation == .upright)
        return try ImageDecoder.decode(
            image.bytes.span.bytes, info: made, limits: limits.codec, cancelled: CancelFlag()
        ).samples()
    }

    @Test(
        .enabled(if: Corpus.isThere && PillowOrientationTests.python != nil, "CORPUS_DIR or PYTHON is not set"),
        arguments: ["Landscape", "Portrait"])
    func `thumbnail, cover crop and rotation equal those of Pillow`(set: String) throws {
        let python = try #require(Self.python)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pillow-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let names = (0...8).map { "\(set)_\($0).jpg" }
        let directory = try #require(Corpus.directory)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", Self.script, folder.path] + names.map { "\(directory)/exif-orientation/\($0)" }
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)

        let (width, height) = set == "Landscape" ? (90, 60) : (60, 90)
        for name in names {
            let expected = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
            let file = try Corpus.read("exif-orientation/\(name)")
            let rotated = try ImageTransform.apply(
                .rotated90, to: file.span.bytes, limits: CodecLimits(), cancelled: CancelFlag())
            let parts = [
                try Self.samples(file, width: width, height: height, fit: .scaleDown),
                try Self.samples(file, width: 60, height: 60, fit: .cover),
                try Self.samples(rotated.bytes, width: height, height: width, fit: .scaleDown),
            ]
            try #require(expected.count == parts.reduce(0) { $0 + $1.count }, "\(name)")
            var at = 0
            for (index, part) in parts.enumerated() {
                let difference = meanDifference(part, Array(expected[at..<at + part.count]))
                #expect(difference < 2, "\(name), part \(index)")
                at += part.count
            }
        }
    }
}
