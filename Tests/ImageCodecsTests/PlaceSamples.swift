import ImageModel

@testable import ImageCodecs

/// Files with a position in every known place, in every spelling that some reader accepts.
enum PlaceSamples {
    struct Sample: Sendable {
        var name: String
        var file: [UInt8]
        /// The policy removes only the place from EXIF: the make stays.
        var keepsMake = false
        /// The policy removes only the place from XMP: the source stays.
        var keepsSource = false
        /// Whether exiftool shows the place before. It does not know every place that other programs know.
        var isSeen = true
    }

    static var gps: TIFFBlock.Directory {
        [
            (0x0001, .text("N")), (0x0002, .rationals([(52, 1), (31, 1), (125, 10)])), (0x0003, .text("E")),
            (0x0004, .rationals([(13, 1), (24, 1), (178, 10)])),
        ]
    }
    static var make: (tag: Int, value: TIFFBlock.Value) { (0x010F, .text("Acme")) }
    static let exifHeader: [UInt8] = Array("Exif".utf8) + [0, 0]
    static let xmpHeader = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
    static let photoshop = Array("Photoshop 3.0".utf8) + [0]

    /// Make, an orientation if given, and a place.
    static func exif(orientation: Int? = nil, bigEndian: Bool = true) -> [UInt8] {
        let orientationTag: TIFFBlock.Directory = orientation.map { [(0x0112, .short($0))] } ?? []
        return TIFFBlock.bytes([[make] + orientationTag + [(0x8825, .directory(gps))]], bigEndian: bigEndian)
    }

    /// A packet with a place as an attribute and as an element, and a source that stays.
    static func xmp(place: Bool = true, more: String = "") -> String {
        let attribute = place ? #" exif:GPSLatitude="52,31.2N""# : ""
        let element = place ? "<exif:GPSLongitude>13,24.3E</exif:GPSLongitude>" : ""
        return #"<?xpacket begin="\#u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">"#
            + #"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="""#
            + #" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/""#
            + #" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"\#(attribute)>\#(element)"#
            + "<dc:source>kept</dc:source>\(more)</rdf:Description></rdf:RDF></x:xmpmeta>"
            + #"<?xpacket end="w"?>"#
    }

    static let packet = Array(xmp().utf8)

    /// A text in UTF-16 or UTF-32. It has only characters of one unit.
    static func encoded(_ text: String, width: Int, bigEndian: Bool) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar in
            let bytes = (0..<width).map { UInt8(truncatingIfNeeded: scalar.value >> (8 * UInt32($0))) }
            return bigEndian ? bytes.reversed() : bytes
        }
    }

    /// The packet in every encoding, with one byte order mark and with two.
    static var encodings: [(name: String, packet: [UInt8])] {
        var all = [(name: "UTF-8", packet: packet)]
        for width in [2, 4] {
            for bigEndian in [true, false] {
                for (marks, text) in [xmp(), "\u{FEFF}" + xmp()].enumerated() {
                    let name = "UTF-\(8 * width)\(bigEndian ? "BE" : "LE"), \(marks) marks in front"
                    all.append((name, encoded(text, width: width, bigEndian: bigEndian)))
                }
            }
        }
        return all
    }

    /// A resource of Photoshop.
    static func resource(_ id: Int, _ data: [UInt8], signature: String = "8BIM") -> [UInt8] {
        Array(signature.utf8) + [UInt8(id >> 8), UInt8(id & 255), 0, 0] + PNGFile.long(data.count) + data
            + (data.count % 2 == 1 ? [0] : [])
    }

    /// The text that ImageMagick writes into a PNG for the metadata of other formats.
    static func profile(_ kind: String, _ bytes: [UInt8]) -> [UInt8] {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        var text = "\n\(kind)\n    \(bytes.count)"
        for (index, digit) in digits.enumerated() { text += (index % 36 == 0 ? "\n" : "") + digit }
        return Array((text + "\n").utf8)
    }
}
