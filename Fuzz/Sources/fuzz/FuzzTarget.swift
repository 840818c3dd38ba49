import ImageCodecs
import ImageModel

/// What is fuzzed. Each takes any bytes at all; what it must not do is crash, hang or break what it promises.
enum FuzzTarget: String, CaseIterable {
    /// Header and structure, whole and in pieces.
    case probe
    /// Pixels at every scale, and what is computed from them.
    case decode
    /// The bytes as an EXIF block inside a JPEG: walk, facts, and the changes that a turn makes to it.
    case exif
    /// Turning and flipping a stored file.
    case rotate

    private static let limits = CodecLimits(maximumPixels: 1 << 18, maximumFrames: 64, maximumScans: 20)

    func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .probe: Self.probe(Array(bytes))
        case .decode: Self.decode(Array(bytes))
        case .exif: Self.exif(Array(bytes))
        case .rotate: Self.rotate(Array(bytes))
        }
    }

    private static func probe(_ file: [UInt8]) {
        let span = file.span.bytes
        guard let format = ImageFormat.detect(span) else { return }
        let whole = check(file, format, step: file.count)
        let pieces = check(file, format, step: 7)
        precondition(whole == pieces, "a structure that depends on how its bytes come")
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        precondition(info.size.width > 0 && info.size.height > 0 && info.size.pixels <= limits.maximumPixels)
        precondition(ImageTransform.memoryBytes(file: span, info: info, limits: limits) > 0)
        _ = PhotoFacts.read(span, info: info)
        _ = EncodedMetadata.read(span, info: info)
    }

    private static func check(_ file: [UInt8], _ format: ImageFormat, step: Int) -> StructureCheck.Summary? {
        var structure = StructureCheck(format: format, limits: limits)
        var at = 0
        while at < file.count {
            let end = min(file.count, at + max(1, step))
            do { try structure.consume(file.span.bytes.extracting(at..<end)) } catch { return nil }
            at = end
        }
        return try? structure.finish()
    }

    private static func decode(_ file: [UInt8]) {
        let span = file.span.bytes
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        for scale in info.format == .jpeg ? [1, 2, 4, 8] : [1] {
            guard
                let picture = try? ImageDecoder.decode(
                    span, info: info, scaleDenominator: scale, limits: limits, cancelled: CancelFlag())
            else { return }
            precondition(scale > 1 || picture.size == info.size)
            guard picture.width <= 64, picture.height <= 64 else { continue }
            _ = DominantColor.of(picture)
            precondition(ThumbHash.bytes(of: picture) != nil)
            precondition(BlurHash.text(of: picture)?.utf8.count == 28)
        }
    }

    /// The first byte chooses the change, the rest is the block.
    private static func exif(_ bytes: [UInt8]) {
        guard let choice = bytes.first, bytes.count <= 60_000 else { return }
        rotate([choice] + Seeds.jpeg(exif: Array(bytes.dropFirst())))
    }

    /// The first byte chooses change and edge, the rest is the file.
    private static func rotate(_ bytes: [UInt8]) {
        guard let choice = bytes.first, let change = Orientation(rawValue: choice % 8 + 1) else { return }
        let file = Array(bytes.dropFirst())
        let span = file.span.bytes
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        let facts = PhotoFacts.read(span, info: info)
        if let position = facts.position {
            precondition((-90...90).contains(position.latitude) && (-180...180).contains(position.longitude))
        }
        guard
            let turned = try? ImageTransform.apply(
                change, to: span, edge: choice & 8 == 0 ? .reencode : .trim, limits: limits, cancelled: CancelFlag())
        else { return }
        precondition(turned.info.orientation == .upright, "a turned picture that is not upright")
        let expected = change.swapsAxes ? info.displaySize.transposed : info.displaySize
        precondition(turned.effects.contains(.trimmedEdge) || turned.info.size == expected, "a turn to another size")
    }
}
