import CImageCodecs
import ImageModel

/// An AVIF's header, from its ftyp and meta boxes alone.
struct AVIFHeader {
    var info: ImageInfo
    /// The size as coded, before the clean aperture is applied.
    var codedSize: PixelSize
    var crop: tt_crop
    /// Bits per sample from the boxes, or the most that is possible if they do not say. The AV1 data may have another
    /// number.
    var depth: Int
    var isGray: Bool
    var colors: ColorSource?
    /// The file states its colours; else the AV1 data does.
    var statesColors: Bool
    /// The EXIF block, if the whole file is here.
    var exif: Range<Int>?
    /// What is decoded; or why it cannot be, which is no reason to reject the file.
    var picture: Result<AVIFPicture, CodecError>

    /// - Parameter isNamed: whether the info should have the profile's name, for which lcms2 must open the profile.
    static func read(
        _ bytes: RawSpan, limits: CodecLimits, isNamed: Bool = false
    ) throws(CodecError) -> AVIFHeader {
        let boxes = try topBoxes(bytes, limits: limits)
        guard let meta = boxes.metadata else {
            throw boxes.movie != nil
                ? .unsupported("this AVIF is a film without a still picture")
                : .truncated("its AVIF header ends too early")
        }
        guard let items = try AVIFItems.read(bytes, meta: meta), let primary = items.primary,
            let type = items.types[primary]
        else { throw .damaged("an AVIF that does not say which picture is shown") }
        let isGrid = type == FourCC("grid")
        guard isGrid || type == FourCC("av01") else { throw .unsupported("this AVIF shows something that is not AV1") }

        let codedSize = try AVIFPartReader.size(bytes, items: items, item: primary, limits: limits)
        let crop = AVIFCleanAperture.crop(items.properties(FourCC("clap"), of: primary).first, bytes, of: codedSize)
        let frames = try frameCount(bytes, movie: boxes.movie, limits: limits)
        // All tiles of a grid are alike; the first one tells their coding.
        let coded = isGrid ? items.parts[primary]?.first : primary
        let coding = coded.flatMap { items.properties(FourCC("av1C"), of: $0).first }
        let (depth, isGray) = codingOf(bytes, coding)
        let (colors, statesColors) = try colorSource(bytes, items: items, item: primary, limits: limits)
        let info = ImageInfo(
            format: .avif,
            size: PixelSize(width: Int(crop.width), height: Int(crop.height)),
            orientation: orientation(bytes, items: items, item: primary),
            hasAlpha: AVIFPicture.hasAlpha(bytes, items: items, primary: primary, limits: limits),
            frames: frames,
            isAnimation: bytes.fourCC(at: 8) == AVIFBox.brandSequence,
            colorProfile: isNamed ? colors.map(\.name) ?? "sRGB" : nil)
        let picture: Result<AVIFPicture, CodecError>
        do throws(CodecError) {
            picture = .success(try AVIFPicture(bytes, items: items, primary: primary, limits: limits))
        } catch {
            picture = .failure(error)
        }
        return AVIFHeader(
            info: info, codedSize: codedSize, crop: crop, depth: depth, isGray: isGray, colors: colors,
            statesColors: statesColors, exif: exifBlock(bytes, items: items), picture: picture)
    }

    /// The first `meta` and the first `moov`, in the order of the file.
    private static func topBoxes(
        _ bytes: RawSpan, limits: CodecLimits
    ) throws(CodecError) -> (metadata: AVIFBox?, movie: AVIFBox?) {
        let isSequence = bytes.fourCC(at: 8) == AVIFBox.brandSequence
        var metadata: AVIFBox?
        var movie: AVIFBox?
        var walk = AVIFBoxReader(0..<bytes.byteCount)
        var count = 0
        while metadata == nil || (isSequence && movie == nil), let box = walk.next(bytes) {
            count += 1
            try limits.check(chunks: count)
            // After a whole picture, another file may follow.
            if box.name == AVIFBox.fileType, count > 1, metadata != nil { break }
            if box.name == AVIFBox.metadata, metadata == nil { metadata = box }
            if box.name == AVIFBox.movie, movie == nil { movie = box }
        }
        return (metadata, movie)
    }

    /// irot rotates counter-clockwise, then imir flips top and bottom (0) or left and right (1): the order that MIAF
    /// (ISO/IEC 23000-22, 7.3.6.7) prescribes. An orientation in EXIF is ignored.
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
                // The first one counts.
                guard numbers == nil, let primaries = cursor.number(bytes, 2), let transfer = cursor.number(bytes, 2)
                else { continue }
                numbers = CodedColors(primaries: primaries, transfer: transfer).completed
            default: break
            }
        }
        guard let numbers else { return (nil, false) }
        return (numbers.isSRGB ? nil : .coded(numbers), true)
    }

    /// The samples of a sequence's pictures; 1 for a still.
    private static func frameCount(
        _ bytes: RawSpan, movie: AVIFBox?, limits: CodecLimits
    ) throws(CodecError) -> Int? {
        guard bytes.fourCC(at: 8) == AVIFBox.brandSequence else { return 1 }
        guard let movie, let count = try AVIFMovie.frames(bytes, movie: movie) else { return nil }
        guard count <= limits.maximumFrames else {
            throw .tooLarge(limit: "the number of frames", value: count, maximum: limits.maximumFrames)
        }
        return max(1, count)
    }

    /// The Exif item, after the four bytes that say where its TIFF header is (ISO/IEC 23008-12, A.2.1).
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
