import ImageCodecs
import ImageModel
import Parsers
import Rendering

/// The fuzz targets. Each target takes arbitrary bytes. It must not crash, hang or break its guarantees.
enum FuzzTarget: String, CaseIterable {
    /// Header and structure, whole and in pieces.
    case probe
    /// Pixels at every scale, every frame of an animation, and values computed from them.
    case decode
    /// A rendition.
    case render
    /// The bytes as an EXIF block inside a JPEG: reading, facts, and the changes that a rotation makes to it.
    case exif
    /// Rotating and flipping a stored file.
    case rotate
    /// The form parser.
    case form
    /// The rendition query parser.
    case query
    /// The readers before the HTTP parser, compared with the parser.
    case head
    /// Entity tags, ranges and Accept.
    case field
    /// The data that an S3 store sends, and the server's own objects in a store.
    case s3
    /// The JSON reader of tokens and key sets.
    case json

    /// Small limits, so that one input takes milliseconds and inputs reach the limits.
    private static let limits = CodecLimits(
        maximumPixels: 1 << 18, maximumFrames: 64, maximumScans: 20, maximumAnimationPixels: 1 << 20)

    /// Runs the target on one input. Ends the process if a guarantee is broken.
    func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .probe:
            Self.probe(Array(bytes))
            let mended = PNGSums.mended(Array(bytes))
            if !mended.elementsEqual(bytes) { Self.probe(mended) }
        case .decode: Self.decode(Array(bytes))
        case .render: Self.render(Array(bytes))
        case .exif: Self.exif(Array(bytes))
        case .rotate: Self.rotate(Array(bytes))
        case .form: FormFuzzing.run(Array(bytes))
        case .query: QueryFuzzing.run(Array(bytes))
        case .head: Self.expectNoError(HeadFuzzing.error(Array(bytes)))
        case .field: Self.expectNoError(FieldFuzzing.error(Array(bytes)))
        case .s3: S3Fuzzing.run(Array(bytes))
        case .json: Self.expectNoError(JSONFuzzing.error(Array(bytes)))
        }
    }

    /// Ends the process with this text; nil: everything is right.
    private static func expectNoError(_ error: String?) {
        if let error { preconditionFailure(error) }
    }

    /// Reads header, structure and metadata, and removes metadata by every policy.
    private static func probe(_ file: [UInt8]) {
        let span = file.span.bytes
        guard let format = ImageFormat.detect(span) else { return }
        let whole = check(file, format, step: file.count)
        let pieces = check(file, format, step: 7)
        precondition(whole == pieces, "a structure that depends on how its bytes are split")
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        precondition(info.size.width > 0 && info.size.height > 0 && info.size.pixels <= limits.maximumPixels)
        precondition(ImageTransform.memoryBytes(file: span, info: info, limits: limits) > 0)
        _ = PhotoFacts.read(span, info: info)
        _ = EncodedMetadata.read(span, info: info)
        for policy in MetadataPolicy.allCases {
            guard let changed = try? policy.apply(to: span, info: info, limits: limits) else { continue }
            guard let after = try? ImageHeader.read(changed.span.bytes, limits: limits) else {
                preconditionFailure("a file that \(policy) broke")
            }
            precondition(
                after.size == info.size && after.orientation == info.orientation && after.frames == info.frames)
            precondition(PhotoFacts.read(changed.span.bytes, info: after).position == nil, "a location that stayed")
        }
    }

    /// The summary of the structure check, with the file passed in pieces of `step` bytes; nil if it is rejected.
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

    /// Decodes a still at every scale, or plays an animation.
    private static func decode(_ bytes: [UInt8]) {
        let file = PNGSums.mended(bytes)
        let span = file.span.bytes
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        if info.isAnimation, info.format != .avif { return play(file, info) }
        for scale in info.format == .jpeg ? [1, 2, 4, 8] : [1] {
            let admitted = ImageDecoder.memoryBytes(file: span, info: info, scaleDenominator: scale, limits: limits)
            let decoded = MemoryBudget.hold(admitted, file: file.count, "decode") {
                try? ImageDecoder.decode(
                    span, info: info, scaleDenominator: scale, limits: limits, cancelled: CancelFlag())
            }
            guard let picture = decoded else { return }
            precondition(scale > 1 || picture.size == info.size)
            guard picture.width <= 64, picture.height <= 64 else { continue }
            _ = DominantColor.of(picture)
            precondition(ThumbHash.bytes(of: picture) != nil)
            precondition(BlurHash.text(of: picture)?.utf8.count == 28)
        }
    }

    /// Plays all frames of an animation.
    private static func play(_ file: [UInt8], _ info: ImageInfo) {
        var count = 0
        MemoryBudget.hold(ImageDecoder.animationMemoryBytes(info: info), file: file.count, "play") {
            try? ImageDecoder.play(
                file.span.bytes, info: info, limits: limits, cancelled: CancelFlag(),
                begin: { (animation: AnimationInfo) throws(CodecError) in
                    precondition(animation.size == info.size && animation.frames >= 1)
                },
                body: { (picture: consuming PixelBuffer, frame: AnimationFrame) throws(CodecError) in
                    precondition(picture.size == info.size && frame.index == count && frame.milliseconds >= 0)
                    count += 1
                })
        }
        precondition(count <= limits.maximumFrames)
    }

    /// Seven bytes choose the rendition, the rest is the file.
    private static func render(_ bytes: [UInt8]) {
        guard bytes.count > 7 else { return }
        let choice = bytes.prefix(7).map(Int.init)
        let file = PNGSums.mended(Array(bytes.dropFirst(7)))
        let span = file.span.bytes
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        let fits = RenditionRequest.Fit.allCases
        let formats = ImageFormat.allCases
        let spec = RenditionSpec(
            width: choice[0] % 64 == 0 ? nil : choice[0] % 64, height: choice[1] % 64 == 0 ? nil : choice[1] % 64,
            fit: fits[choice[2] % fits.count], format: formats[choice[3] % formats.count], quality: choice[3] / 4 + 30,
            gravity: choice[4] & 1 == 1 ? .smart : .point(x: choice[4] * 39, y: choice[6] * 39),
            background: choice[5] & 1 == 0 ? nil : Color(red: 1, green: 2, blue: 3, alpha: UInt8(choice[5])),
            rotation: Orientation(rawValue: UInt8(choice[5] / 2 % 8 + 1)) ?? .upright,
            blur: choice[6] & 3 == 1 ? Double(choice[6]) / 8 : nil,
            sharpen: choice[6] & 3 == 2 ? Double(choice[6]) / 64 : nil)
        let limits = RenderLimits(codec: limits, maximumSide: 256)
        guard let plan = try? RenderPlan(info: info, spec: spec, limits: limits) else { return }
        guard plan.outputSize.pixels <= 1 << 14 || spec.format != .avif else { return }
        let admitted = plan.memoryBytes(file: span, info: info, limits: limits)
        let rendered = MemoryBudget.hold(admitted, file: file.count, "render") {
            try? Renderer.render(
                span, info: info, spec: spec, plan: plan, limits: limits, cancelled: CancelFlag())
        }
        guard let image = rendered else { return }
        precondition(image.size == plan.outputSize, "a rendition of another size")
        guard let made = try? ImageHeader.read(image.bytes.span.bytes, limits: CodecLimits()) else {
            preconditionFailure("a rendition that cannot be read")
        }
        precondition(made.displaySize == image.size && made.format == image.format && made.orientation == .upright)
    }

    /// Decodes, renders and rotates a file at its full size. Prints the memory that each took, and the admitted memory.
    static func measure(_ file: [UInt8]) {
        let span = file.span.bytes
        let limits = CodecLimits()
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        if info.isAnimation, info.format != .avif {
            MemoryBudget.hold(ImageDecoder.animationMemoryBytes(info: info), file: file.count, "play") {
                try? ImageDecoder.play(span, info: info, limits: limits, cancelled: CancelFlag()) {
                    (_: consuming PixelBuffer, _: AnimationFrame) throws(CodecError) in
                }
            }
            return
        }
        for scale in info.format == .jpeg ? [1, 2, 4, 8] : [1] {
            let admitted = ImageDecoder.memoryBytes(file: span, info: info, scaleDenominator: scale, limits: limits)
            _ = MemoryBudget.hold(admitted, file: file.count, "decode") {
                try? ImageDecoder.decode(
                    span, info: info, scaleDenominator: scale, limits: limits, cancelled: CancelFlag())
            }
        }
        let renderLimits = RenderLimits(codec: limits)
        for format in ImageFormat.allCases {
            for width in [nil, 400, 1_200] {
                let spec = RenditionSpec(
                    width: width, height: width, fit: .cover, format: format, quality: 80, gravity: .smart)
                guard let plan = try? RenderPlan(info: info, spec: spec, limits: renderLimits) else { continue }
                let admitted = plan.memoryBytes(file: span, info: info, limits: renderLimits)
                _ = MemoryBudget.hold(admitted, file: file.count, "render") {
                    try? Renderer.render(
                        span, info: info, spec: spec, plan: plan, limits: renderLimits, cancelled: CancelFlag())
                }
            }
        }
        for change in [Orientation.rotated90, .mirrored] {
            let admitted = ImageTransform.memoryBytes(file: span, info: info, limits: limits)
            _ = MemoryBudget.hold(admitted, file: file.count, "rotate") {
                try? ImageTransform.apply(change, to: span, limits: limits, cancelled: CancelFlag())
            }
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
        let file = PNGSums.mended(Array(bytes.dropFirst()))
        let span = file.span.bytes
        guard let info = try? ImageHeader.read(span, limits: limits) else { return }
        let facts = PhotoFacts.read(span, info: info)
        if let position = facts.position {
            precondition((-90...90).contains(position.latitude) && (-180...180).contains(position.longitude))
        }
        let admitted = ImageTransform.memoryBytes(file: span, info: info, limits: limits)
        let result = MemoryBudget.hold(admitted, file: file.count, "rotate") {
            try? ImageTransform.apply(
                change, to: span, edge: choice & 8 == 0 ? .reencode : .trim, limits: limits, cancelled: CancelFlag())
        }
        guard let rotated = result else { return }
        precondition(rotated.info.orientation == .upright, "a rotated picture that is not upright")
        let expected = change.swapsAxes ? info.displaySize.transposed : info.displaySize
        precondition(rotated.effects.contains(.trimmedEdge) || rotated.info.size == expected, "a wrong size")
    }
}
