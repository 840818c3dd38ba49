import ImageModel

@testable import ImageCodecs

extension PlaceSamples {
    static func jpeg() throws -> [Sample] {
        let plain = try TestImages.file(.jpeg, width: 40, height: 30)
        func file(_ segments: [(UInt8, [UInt8])]) -> [UInt8] {
            TestImages.jpeg(plain, inserting: segments.flatMap { TestImages.segment($0.0, $0.1) })
        }
        return exifOfJPEG(file) + directories(file) + packets(file) + resources(file)
    }

    private typealias Maker = ([(UInt8, [UInt8])]) -> [UInt8]

    private static func exifOfJPEG(_ file: Maker) -> [Sample] {
        var samples: [Sample] = []
        func add(_ name: String, _ payloads: [[UInt8]], keepsMake: Bool = true, isSeen: Bool = true) {
            samples.append(
                Sample(name: name, file: file(payloads.map { (0xE1, $0) }), keepsMake: keepsMake, isSeen: isSeen))
        }
        for padding in [0, 1, 0x20, 0xFF] as [UInt8] {
            add("padding \(padding)", [Array("Exif".utf8) + [0, padding] + exif(orientation: 6)])
        }
        add("little endian", [exifHeader + exif(bigEndian: false)])
        add("letters of either case", [Array("eXIF".utf8) + [0, 0] + exif(orientation: 6)])
        for count in 1...4 {
            add("\(count) bytes in front", [Array("ABCD".utf8.prefix(count)) + exifHeader + exif(orientation: 6)])
        }
        var odd = exif()
        odd[3] = 0x55
        add("another magic number", [exifHeader + odd])
        add("twice", [exifHeader + exif(orientation: 1), exifHeader + exif(orientation: 6, bigEndian: false)])
        let long = TIFFBlock.bytes([
            [make, (0x9C9C, .bytes([UInt8](repeating: 7, count: 70_000))), (0x8825, .directory(gps))]
        ])
        add("in two segments", [exifHeader + long.prefix(65_000), exifHeader + long.dropFirst(65_000)])
        let boxes = Array("JP".utf8) + [0, 1, 0, 0, 0, 1] + PNGFile.long(60) + Array("jumb".utf8)
        samples.append(
            Sample(
                name: "statements", file: file([(0xEB, boxes + Array(#"{"exif:GPSLatitude":"52,31.2N"}"#.utf8))]),
                isSeen: false))
        return samples
    }

    /// The pointer in every directory that exiftool reads.
    private static func directories(_ file: Maker) -> [Sample] {
        let place: (tag: Int, value: TIFFBlock.Value) = (0x8825, .directory(gps))
        let all: [(String, [TIFFBlock.Directory])] = [
            ("IFD1", [[make], [place]]), ("IFD2", [[make], [(0x0103, .short(6))], [(0x0103, .short(6)), place]]),
            ("Exif", [[make, (0x8769, .directory([place, (0x9003, .text("2020:01:01 00:00:00"))]))]]),
            ("Interop", [[make, (0x8769, .directory([(0xA005, .directory([(1, .text("R98")), place]))]))]]),
            ("SubIFD", [[make, (0x014A, .directory([(0x0103, .short(6)), place]))]]),
            ("GlobParam", [[make, (0x0190, .directory([place]))]]),
            ("Exif in Exif", [[make, (0x8769, .directory([(0x8769, .directory([place]))]))]]),
            ("several", [[make, place, place, (0x8769, .directory([place]))], [place]]),
        ]
        var samples = all.map { name, directories in
            Sample(
                name: "pointer in \(name)", file: file([(0xE1, exifHeader + TIFFBlock.bytes(directories))]),
                keepsMake: true)
        }
        let inside: [(String, Int, [UInt8])] = [
            ("XMP", 0x02BC, packet), ("resources", 0x8649, resource(0x0424, packet) + resource(0x0422, exif())),
        ]
        samples += inside.map { name, tag, bytes in
            Sample(
                name: "\(name) in EXIF",
                file: file([(0xE1, exifHeader + TIFFBlock.bytes([[make, (tag, .bytes(bytes))]]))]),
                keepsMake: true, keepsSource: true)
        }
        return samples
    }

    private static func packets(_ file: Maker) -> [Sample] {
        var samples = encodings.map {
            Sample(name: $0.name, file: file([(0xE1, xmpHeader + $0.packet)]), keepsSource: true)
        }
        for (name, header) in [("none", []), ("XMP", Array("XMP".utf8) + [0]), ("cut", xmpHeader.dropLast())]
            as [(String, [UInt8])]
        {
            samples.append(Sample(name: "header \(name)", file: file([(0xE1, header + packet)]), keepsSource: true))
        }
        samples.append(
            Sample(
                name: "twice", file: file([(0xE1, xmpHeader + packet), (0xE1, xmpHeader + packet)]), keepsSource: true))
        // A long packet is split. Its first part names the key of the rest.
        let key = String(repeating: "A", count: 32)
        let link = #"<n:HasExtendedXMP xmlns:n="http://ns.adobe.com/xmp/note/">\#(key)</n:HasExtendedXMP>"#
        func part(_ bytes: ArraySlice<UInt8>) -> (UInt8, [UInt8]) {
            let head = Array("http://ns.adobe.com/xmp/extension/".utf8) + [0] + Array(key.utf8)
            return (0xE1, head + PNGFile.long(packet.count) + PNGFile.long(bytes.startIndex) + bytes)
        }
        samples.append(
            Sample(
                name: "extended",
                file: file([
                    (0xE1, xmpHeader + Array(xmp(place: false, more: link).utf8)), part(packet[..<300]),
                    part(packet[300...]),
                ]), keepsSource: true))
        return samples
    }

    private static func resources(_ file: Maker) -> [Sample] {
        let both =
            resource(0x0404, [0x1C, 2, 80, 0, 3, 65, 110, 110]) + resource(0x0422, exif()) + resource(0x0424, packet)
        let long = resource(0x040F, [UInt8](repeating: 7, count: 200)) + both
        let other = resource(0x0424, packet, signature: "MeSa")
        let old = Array("Adobe_Photoshop2.5:".utf8) + [UInt8](repeating: 0, count: 8)
        let payloads: [(String, [(UInt8, [UInt8])], Bool)] = [
            ("resources", [(0xED, photoshop + both)], true),
            (
                "resources in pieces", [long[..<400], long[400..<700], long[700...]].map { (0xED, photoshop + $0) },
                true
            ),
            (
                "resources apart",
                [
                    (0xED, photoshop + resource(0x0424, packet)), (0xFE, [1]),
                    (0xED, photoshop + resource(0x0422, exif())),
                ],
                true
            ),
            ("resources of another program", [(0xED, photoshop + other)], false),
            ("resources of old", [(0xED, old + resource(0x0424, packet))], true),
        ]
        return payloads.map { name, segments, isSeen in
            // Resources of Photoshop itself contain EXIF in addition to XMP.
            let hasExif = segments.contains { $0.1.firstIndex(of: Array("Acme".utf8), from: 0) != nil }
            return Sample(name: name, file: file(segments), keepsMake: hasExif, keepsSource: true, isSeen: isSeen)
        }
    }
}
