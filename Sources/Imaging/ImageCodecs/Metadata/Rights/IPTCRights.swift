import ImageModel

/// Artist and copyright in IPTC's records (IPTC-NAA Information Interchange Model 4.1), which are in Photoshop's image
/// resources.
enum IPTCRights {
    private static let byline = 80
    private static let copyrightNotice = 116

    /// Reads the payload of an APP13 segment; nil if it has neither.
    static func read(photoshop payload: RawSpan) -> EncodedMetadata? {
        guard payload.hasPrefix(PhotoshopResources.signature) else { return nil }
        var at = PhotoshopResources.signature.count
        while let block = PhotoshopResources.next(payload, at: at) {
            if block.id == PhotoshopResources.iptc, let found = read(payload.extracting(block.data)) { return found }
            at = block.range.upperBound
        }
        return nil
    }

    /// Reads datasets.
    static func read(_ records: RawSpan) -> EncodedMetadata? {
        var isUTF8 = false
        var artists: [[UInt8]] = []
        var copyright: [UInt8]?
        IPTCRecords.forEach(records) { record, number, value in
            switch (record, number) {
            // Coded character set: ESC % G is UTF-8 (ISO 2022).
            case (1, 90): isUTF8 = records.has([0x1B, 0x25, 0x47], at: value.lowerBound)
            case (2, byline): if artists.count < 16 { artists.append(records.copy(value)) }
            case (2, copyrightNotice): if copyright == nil { copyright = records.copy(value) }
            default: break
            }
        }
        let artist = Array(artists.map { text($0, isUTF8: isUTF8) }.joined(separator: [0x3B, 0x20]))
        return EncodedMetadata.checked(artist: artist, copyright: copyright.map { text($0, isUTF8: isUTF8) })
    }

    /// UTF-8. A text that is neither declared as UTF-8 nor valid as such is Latin 1, as most software of that time
    /// wrote.
    private static func text(_ bytes: [UInt8], isUTF8: Bool) -> [UInt8] {
        if isUTF8 || String(validating: bytes, as: UTF8.self) != nil { return bytes }
        return Array(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).utf8)
    }
}
