public import ImageModel

/// Facts about a photo from its metadata: EXIF (Exif 2.32), and if that has no time, XMP and IPTC. Every field is nil
/// if the file does not say, or has an invalid value.
public struct PhotoFacts: Sendable, Hashable {
    /// A time by the camera's clock.
    public struct CaptureTime: Sendable, Hashable {
        /// 1 to 9999.
        public var year: Int
        /// 1 to 12.
        public var month: Int
        /// 1 to 31, depending on the month.
        public var day: Int
        /// 0 to 23.
        public var hour: Int
        /// 0 to 59.
        public var minute: Int
        /// 0 to 60: leap seconds exist.
        public var second: Int
        /// Minutes east of UTC, -1439 to 1439; nil if the camera did not record it.
        public var offset: Int?

        /// By RFC 3339, without an offset if it is unknown: `2024-05-06T07:08:09+02:00`.
        public var text: String {
            func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
            let years = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
            let local = "\(years)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))"
            guard let offset else { return local }
            let minutes = Int(offset.magnitude)
            return local + (offset < 0 ? "-" : "+") + "\(two(minutes / 60)):\(two(minutes % 60))"
        }
    }

    /// A place on WGS 84.
    public struct Position: Sendable, Hashable {
        /// Degrees north of the equator, -90 to 90.
        public var latitude: Double
        /// Degrees east of Greenwich, -180 to 180.
        public var longitude: Double
        /// Metres above the sea.
        public var altitude: Double?
    }

    /// EXIF's DateTimeOriginal with OffsetTimeOriginal, else OffsetTime. Else, in exiftool's order of preference, XMP's
    /// exif:DateTimeOriginal, IPTC's DateCreated with TimeCreated, XMP's photoshop:DateCreated, and xmp:CreateDate. A
    /// date without a time of day is ignored.
    public var captureTime: CaptureTime?
    /// Make and Model: at most 128 characters each, without control characters and surrounding spaces.
    public var make: String?
    /// Under the same rules as ``make``.
    public var model: String?
    /// EXIF's Orientation, tag 0x0112; nil for values that EXIF does not define.
    public var orientation: Orientation?
    /// Where it was taken. Private: not for every caller.
    public var position: Position?

    /// No facts.
    public init() {}

    /// Reads the facts of a whole file. Never throws: a photo without valid metadata has no facts.
    ///
    /// Every offset is checked against the EXIF block, and each of the three directories is read once, at most
    /// `ExifReader.maximumEntries` entries of it.
    public static func read(_ file: RawSpan, info: ImageInfo) -> PhotoFacts {
        let limits = CodecLimits()
        let block: Range<Int>? =
            switch info.format {
            case .jpeg:
                (try? JPEGSegments.all(in: file, limits: limits)).flatMap {
                    ExifLocation.find(jpeg: file, segments: $0)
                }
            case .png: (try? PNGChunks.all(in: file)).flatMap { ExifLocation.find(png: file, chunks: $0) }
            case .avif: (try? AVIFHeader.read(file, limits: limits))?.exif
            case .webp: (try? WebPChunks.all(in: file)).flatMap { ExifLocation.find(webp: file, chunks: $0) }
            }
        var facts = block.map { read(exif: file.extracting($0)) } ?? PhotoFacts()
        if facts.captureTime == nil { facts.captureTime = CaptureTimeSources.read(file, format: info.format) }
        return facts
    }

    /// Reads an EXIF block, which begins with its TIFF header.
    static func read(exif block: RawSpan) -> PhotoFacts {
        var facts = PhotoFacts()
        guard let tags = ExifDirectory(first: block) else { return facts }
        facts.make = tags.text(0x010F).flatMap(clean)
        facts.model = tags.text(0x0110).flatMap(clean)
        facts.orientation = tags.number(0x0112).flatMap { UInt8(exactly: $0) }.flatMap(Orientation.init(rawValue:))
        if let exif = tags.directory(0x8769), let time = exif.text(0x9003) {
            facts.captureTime = CaptureTime(time, offset: exif.text(0x9011) ?? exif.text(0x9010))
        }
        if let position = tags.directory(0x8825) { facts.position = Position(position) }
        return facts
    }

    private static func clean(_ text: [UInt8]) -> String? {
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
            .filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        let words = scalars.prefix(128).split(separator: " ").map { String(String.UnicodeScalarView($0)) }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
}

extension PhotoFacts.Position {
    /// From the GPS directory (Exif 2.32, 4.6.6): degrees, minutes and seconds as rationals, and the hemispheres.
    init?(_ tags: ExifDirectory) {
        guard let latitude = Self.angle(tags, 0x0002, 0x0001, positive: 0x4E, negative: 0x53, limit: 90),
            let longitude = Self.angle(tags, 0x0004, 0x0003, positive: 0x45, negative: 0x57, limit: 180)
        else { return nil }
        self.latitude = latitude
        self.longitude = longitude
        if let height = tags.rationals(0x0006)?.first {
            // 1 means below the sea.
            altitude = tags.number(0x0005) == 1 ? -height : height
        }
    }

    private static func angle(
        _ tags: ExifDirectory, _ tag: Int, _ reference: Int, positive: UInt8, negative: UInt8, limit: Double
    ) -> Double? {
        guard let parts = tags.rationals(tag), (1...3).contains(parts.count), let side = tags.text(reference)?.first,
            side == positive || side == negative
        else { return nil }
        let degrees = zip(parts, [1.0, 60, 3_600]).reduce(0) { $0 + $1.0 / $1.1 }
        guard degrees <= limit else { return nil }
        return side == negative ? -degrees : degrees
    }
}
