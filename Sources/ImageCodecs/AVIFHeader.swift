import CImageCodecs
import ImageModel

/// An AVIF's header, from its ftyp and meta boxes alone.
struct AVIFHeader {
    var info: ImageInfo
    /// The picture as coded, before its clean aperture is cut out.
    var codedSize: PixelSize
    var crop: tt_crop
    /// Bits of a sample as the boxes have it, the most that is possible where they say nothing. The AV1 data may have
    /// others.
    var depth: Int
    var isGray: Bool
    var colors: ColorSource?
    /// The file says which colours it has; where it does not, the AV1 data do.
    var statesColors: Bool
    /// The EXIF block, where all of the file is here.
    var exif: Range<Int>?

    /// - Parameter isNamed: whether the info is to have the profile's name, for which lcms2 must open it.
    static func read(
        _ bytes: RawSpan, limits: CodecLimits, isNamed: Bool = false
    ) throws(CodecError) -> AVIFHeader {
        let whole = 0..<bytes.byteCount
        let boxes = AVIFBox.children(bytes, in: whole)
        guard let meta = boxes.first(where: { $0.name == AVIFBox.metadata }) else {
            throw boxes.contains { $0.name == AVIFBox.movie }
                ? .unsupported("this AVIF is a film without a still picture")
                : .truncated("its AVIF header ends too early")
        }
        guard let items = AVIFItems.read(bytes, meta: meta), let primary = items.primary,
            let type = items.types[primary]
        else { throw .damaged("an AVIF that does not say which picture is shown") }
        let isGrid = type == FourCC("grid")
        guard isGrid || type == FourCC("av01") else { throw .unsupported("this AVIF shows something that is not AV1") }

        let codedSize = try size(bytes, items: items, item: primary)
        try limits.check(width: codedSize.width, height: codedSize.height)
        let crop = try cleanAperture(bytes, items: items, item: primary, of: codedSize)
        let frames = try frameCount(bytes, boxes: boxes, limits: limits)
        // Tiles of a grid are all alike; the first one tells their coding.
        let coded =
            isGrid ? items.references.first { $0.type == FourCC("dimg") && $0.from == primary }?.to.first : primary
        let coding = coded.flatMap { items.properties(FourCC("av1C"), of: $0).first }
        let (depth, isGray) = codingOf(bytes, coding)
        let (colors, statesColors) = try colorSource(bytes, items: items, item: primary, limits: limits)
        let info = ImageInfo(
            format: .avif,
            size: PixelSize(width: Int(crop.width), height: Int(crop.height)),
            orientation: orientation(bytes, items: items, item: primary),
            hasAlpha: hasAlpha(bytes, items: items, item: primary),
            frames: frames,
            isAnimation: bytes.fourCC(at: 8) == AVIFBox.brandSequence,
            colorProfile: isNamed ? colors.map(\.name) ?? "sRGB" : nil)
        return AVIFHeader(
            info: info, codedSize: codedSize, crop: crop, depth: depth, isGray: isGray, colors: colors,
            statesColors: statesColors, exif: exifBlock(bytes, items: items))
    }

    /// ispe (ISO/IEC 23008-12, 6.5.3).
    private static func size(_ bytes: RawSpan, items: AVIFItems, item: Int) throws(CodecError) -> PixelSize {
        guard let box = items.properties(FourCC("ispe"), of: item).first else {
            throw .damaged("an AVIF that does not state its size")
        }
        var cursor = AVIFCursor(box, bytes)
        guard let width = cursor.number(bytes, 4), let height = cursor.number(bytes, 4), width > 0, height > 0 else {
            throw .damaged("an AVIF that does not state its size")
        }
        return PixelSize(width: width, height: height)
    }

    /// clap (ISO/IEC 14496-12, 12.1.4): a size and the offset of its centre from the picture's, as fractions.
    private static func cleanAperture(
        _ bytes: RawSpan, items: AVIFItems, item: Int, of size: PixelSize
    ) throws(CodecError) -> tt_crop {
        guard let box = items.properties(FourCC("clap"), of: item).first else {
            return tt_crop(x: 0, y: 0, width: UInt32(size.width), height: UInt32(size.height))
        }
        var cursor = AVIFCursor(content: box.content)
        var values: [Double] = []
        for index in 0..<4 {
            guard let numerator = cursor.number(bytes, 4), let denominator = cursor.number(bytes, 4), denominator > 0
            else { throw .damaged("a wrong clean aperture in the AVIF") }
            // Only the offsets may be negative.
            let top = index < 2 ? Double(numerator) : Double(Int32(truncatingIfNeeded: numerator))
            values.append(top / Double(denominator))
        }
        let x = (Double(size.width) - values[0]) / 2 + values[2]
        let y = (Double(size.height) - values[1]) / 2 + values[3]
        guard values[0] >= 1, values[1] >= 1, x >= 0, y >= 0, x + values[0] <= Double(size.width),
            y + values[1] <= Double(size.height)
        else { throw .damaged("a wrong clean aperture in the AVIF") }
        return tt_crop(x: UInt32(x), y: UInt32(y), width: UInt32(values[0]), height: UInt32(values[1]))
    }

    /// irot turns counter-clockwise, then imir flips top and bottom (0) or left and right (1): the order that MIAF
    /// (ISO/IEC 23000-22, 7.3.6.7) prescribes. An orientation in EXIF has no say here.
    private static func orientation(_ bytes: RawSpan, items: AVIFItems, item: Int) -> Orientation {
        var result = Orientation.upright
        if let box = items.properties(FourCC("irot"), of: item).first, let at = box.content.first {
            result = Orientation(mirrored: false, quarterTurns: -Int(bytes.byte(at: at) & 3))
        }
        if let box = items.properties(FourCC("imir"), of: item).first, let at = box.content.first {
            let flip: Orientation = bytes.byte(at: at) & 1 == 0 ? .mirroredRotated180 : .mirrored
            result = result.followed(by: flip)
        }
        return result
    }

    /// An auxiliary item of the alpha kind (ISO/IEC 23000-22, 7.3.5.2); of a grid each tile may have its own.
    private static func hasAlpha(_ bytes: RawSpan, items: AVIFItems, item: Int) -> Bool {
        let parts = items.references.first { $0.type == FourCC("dimg") && $0.from == item }?.to ?? []
        let shown = Set([item] + parts)
        return items.references.contains { reference in
            guard reference.type == FourCC("auxl"), reference.to.contains(where: shown.contains),
                let box = items.properties(FourCC("auxC"), of: reference.from).first,
                let content = box.full(bytes)?.content
            else { return false }
            return [
                "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1",
            ].contains { bytes.has(Array($0.utf8) + [0], at: content.lowerBound) }
        }
    }

    /// av1C (AV1 Codec ISO Media File Format Binding, 2.3.3).
    private static func codingOf(_ bytes: RawSpan, _ box: AVIFBox?) -> (depth: Int, isGray: Bool) {
        guard let content = box?.content, content.count >= 4 else { return (12, false) }
        let flags = bytes.byte(at: content.lowerBound + 2)
        let depth = flags & 0x40 == 0 ? 8 : flags & 0x20 == 0 ? 10 : 12
        return (depth, flags & 0x10 != 0)
    }

    /// colr (ISO/IEC 14496-12, 12.1.5): a profile has precedence over numbers.
    private static func colorSource(
        _ bytes: RawSpan, items: AVIFItems, item: Int, limits: CodecLimits
    ) throws(CodecError) -> (source: ColorSource?, isStated: Bool) {
        var numbers: CodedColors?
        for box in items.properties(FourCC("colr"), of: item) {
            var cursor = AVIFCursor(content: box.content)
            guard let type = cursor.number(bytes, 4) else { continue }
            switch FourCC(rawValue: UInt32(truncatingIfNeeded: type)) {
            case FourCC("prof"), FourCC("rICC"):
                try ICCProfile.check(size: cursor.rest.count, limits: limits)
                return (.profile(bytes.copy(cursor.rest)), true)
            case FourCC("nclx"):
                guard let primaries = cursor.number(bytes, 2), let transfer = cursor.number(bytes, 2) else { continue }
                numbers = CodedColors(primaries: primaries, transfer: transfer)
            default: break
            }
        }
        guard let numbers else { return (nil, false) }
        return (numbers.isSRGB ? nil : .coded(numbers), true)
    }

    /// The samples of the first track of a sequence (stsz); 1 for a still.
    private static func frameCount(
        _ bytes: RawSpan, boxes: [AVIFBox], limits: CodecLimits
    ) throws(CodecError) -> Int? {
        guard bytes.fourCC(at: 8) == AVIFBox.brandSequence else { return 1 }
        guard let movie = boxes.first(where: { $0.name == AVIFBox.movie }) else { return nil }
        let path = ["trak", "mdia", "minf", "stbl", "stsz"] as [StaticString]
        guard let box = AVIFBox.find(path.map { FourCC($0) }, in: movie.content, bytes) else { return nil }
        var cursor = AVIFCursor(box, bytes)
        guard cursor.number(bytes, 4) != nil, let count = cursor.number(bytes, 4) else { return nil }
        guard count <= limits.maximumFrames else {
            throw .tooLarge(limit: "the number of frames", value: count, maximum: limits.maximumFrames)
        }
        return max(1, count)
    }

    /// The Exif item, behind the four bytes that say where its TIFF header is (ISO/IEC 23008-12, A.2.1).
    private static func exifBlock(_ bytes: RawSpan, items: AVIFItems) -> Range<Int>? {
        for (item, type) in items.types.sorted(by: { $0.key < $1.key }) where type == FourCC("Exif") {
            guard let range = items.locations[item], let skipped = bytes.bigEndian32(at: range.lowerBound),
                range.count > 4, skipped < range.count - 4
            else { continue }
            return range.lowerBound + 4 + skipped..<range.upperBound
        }
        return nil
    }
}
