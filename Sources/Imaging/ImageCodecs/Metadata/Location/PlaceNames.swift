/// Property names of a position: `GPSLatitude`, `drone-dji:GpsLongitude`, `dwc:decimalLatitude`.
///
/// The name of a city, a country or a landmark is not a position and stays.
enum PlaceNames {
    private static let gps = Array("gps".utf8)
    private static let words = ["latitude", "longitude", "ngtitude"].map { Array($0.utf8) }
    /// Names too short to be searched for in longer ones: W3C's vocabulary for positions, and GeoRSS.
    private static let whole = Set(["geo:lat", "geo:long", "geo:alt", "georss:point"].map { Array($0.utf8) })
    /// The latitude of film, not of the Earth (Exif 2.32, 4.6.5, tags 0x8834 and 0x8835).
    private static let speed = Array("isospeedlatitude".utf8)

    /// Whether this is the name of a position.
    static func isPlace(_ name: some Collection<UInt8>) -> Bool {
        let name = name.map(lowered)
        guard name.firstIndex(of: gps, from: 0) == nil else { return true }
        if whole.contains(name) { return true }
        guard name.firstIndex(of: speed, from: 0) == nil else { return false }
        return words.contains { name.firstIndex(of: $0, from: 0) != nil }
    }

    /// Whether such a name occurs anywhere in bytes of any kind: in ASCII, or in UTF-16 and UTF-32, whose zeros are
    /// skipped. Three letters alone occur in any noise: here another letter or a digit must follow.
    static func areFound(in bytes: RawSpan) -> Bool {
        var last: UInt64 = 0
        for offset in 0..<bytes.byteCount {
            let byte = lowered(bytes.byte(at: offset))
            guard byte != 0 else { continue }
            last = last << 8 | UInt64(byte)
            if last >> 8 & 0xFF_FFFF == gpsNumber, isWordByte(byte) { return true }
            if last == latitude || last == longitude || last == misspelt { return true }
        }
        return false
    }

    /// Whether markup must be parsed: a name that ``isPlace(_:)`` knows occurs somewhere in it. No name is missed, but
    /// others match too.
    static func mayBeFound(in bytes: RawSpan) -> Bool {
        var last: UInt64 = 0
        for offset in 0..<bytes.byteCount {
            let byte = lowered(bytes.byte(at: offset))
            guard byte != 0 else { continue }
            last = last << 8 | UInt64(byte)
            if last & 0xFF_FFFF == gpsNumber || last & 0xFFFF_FFFF == geoNumber || last & 0xFFFF_FFFF_FFFF == georss
                || last == latitude || last == longitude || last == misspelt
            {
                return true
            }
        }
        return false
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    // Up to eight letters as one number, the last one lowest: `latitude`, and the end of `longitude`, which is longer.
    private static let gpsNumber = number("gps")
    private static let geoNumber = number("geo:")
    private static let georss = number("georss")
    private static let latitude = number("latitude")
    private static let longitude = number("ongitude")
    /// DJI's `GpsLongtitude`, and others like it.
    private static let misspelt = number("ngtitude")

    private static func number(_ letters: StaticString) -> UInt64 {
        letters.description.utf8.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
