import ImageModel

@testable import ImageCodecs

extension PlaceSamples {
    static func png() -> [Sample] {
        let keyword = Array("XML:com.adobe.xmp".utf8) + [0]
        let block = exif(orientation: 6)
        func packed(_ bytes: [UInt8]) -> [UInt8] { [0] + PNGFile.long(bytes.count) + PNGFile.zlib(bytes) }
        var samples: [Sample] = []
        func add(
            _ name: String, _ before: [(String, [UInt8])], after: [(String, [UInt8])] = [], keepsMake: Bool = false,
            keepsSource: Bool = false, isSeen: Bool = true
        ) {
            var file = PNGFile(width: 20, height: 12, depth: 8, colorType: 2)
            (file.before, file.after) = (before, after)
            samples.append(
                Sample(
                    name: name, file: file.bytes { x, y, channel in x * 7 + y * 11 + channel }, keepsMake: keepsMake,
                    keepsSource: keepsSource, isSeen: isSeen))
        }
        add("eXIf", [("eXIf", block)], keepsMake: true)
        add("eXIf with a header", [("eXIf", exifHeader + block)], keepsMake: true)
        add("eXIf with an odd header", [("eXIf", Array("Exif".utf8) + [0, 7] + block)], keepsMake: true, isSeen: false)
        add("eXIf behind the picture", [], after: [("eXIf", block)], keepsMake: true)
        add(
            "two eXIf", [("eXIf", exif(orientation: 1)), ("eXIf", exif(orientation: 6, bigEndian: false))],
            keepsMake: true)
        add("exIf", [("exIf", block)], keepsMake: true)
        add("zxIf", [("zxIf", packed(block))])
        add("zxIf as it is", [("zxIf", block)], keepsMake: true)
        add("eXIf, compressed", [("eXIf", packed(block))])
        for (name, packet) in encodings {
            add("iTXt in \(name)", [("iTXt", keyword + [0, 0, 0, 0] + packet)], keepsSource: true)
        }
        add("tEXt", [("tEXt", keyword + packet)], keepsSource: true)
        add("zTXt", [("zTXt", keyword + [0] + PNGFile.zlib(packet))], keepsSource: true)
        add("iTXt, compressed", [("iTXt", keyword + [1, 0, 0, 0] + PNGFile.zlib(packet))], keepsSource: true)
        add(
            "a small letter", [("iTXt", Array("xML:com.adobe.xmp".utf8) + [0, 0, 0, 0, 0] + packet)], keepsSource: true)
        add("behind the picture", [], after: [("iTXt", keyword + [0, 0, 0, 0] + packet)], keepsSource: true)
        let profiles: [(String, [UInt8])] = [
            ("exif", exifHeader + block), ("APP1", exifHeader + block), ("APP1", xmpHeader + packet), ("xmp", packet),
            ("iptc", resource(0x0424, packet)), ("8bim", resource(0x0422, block)),
        ]
        for (kind, bytes) in profiles {
            let name = Array("Raw profile type \(kind)".utf8) + [0]
            let text = profile(kind, bytes)
            add("profile \(kind), tEXt", [("tEXt", name + text)])
            add("profile \(kind), zTXt", [("zTXt", name + [0] + PNGFile.zlib(text))])
            add("profile \(kind), iTXt", [("iTXt", name + [0, 0, 0, 0] + text)])
        }
        add(
            "a text of its own",
            [("tEXt", Array("G P S Latitude\u{0}52".utf8)), ("tEXt", Array("exif:GPSInfo\u{0}1".utf8))])
        add("statements", [("caBX", Array(#"jumb {"exif:GPSLatitude": "52,31.2N"}"#.utf8))], isSeen: false)
        return samples
    }

    static func webp() throws -> [Sample] {
        let plain = try TestImages.file(.webp, width: 40, height: 30)
        let block = exif(orientation: 6)
        let chunks: [(String, [(FourCC, [UInt8])], Bool, Bool, Bool)] = [
            ("EXIF", [(WebPChunk.exif, block)], true, false, true),
            ("EXIF with a header", [(WebPChunk.exif, exifHeader + block)], true, false, true),
            ("EXIF with an odd header", [(WebPChunk.exif, Array("Exif".utf8) + [0, 7] + block)], true, false, false),
            (
                "two of each",
                [
                    (WebPChunk.exif, exif(orientation: 1)), (WebPChunk.exif, exif(orientation: 6, bigEndian: false)),
                    (WebPChunk.xmp, packet), (WebPChunk.xmp, packet),
                ], true, true, true
            ),
            ("another program's XMP", [(FourCC("_PMX"), packet)], false, false, true),
            ("unknown", [(FourCC("JUNK"), block), (FourCC("XMPx"), packet)], false, false, false),
        ]
        var samples = try chunks.map { name, chunks, keepsMake, keepsSource, isSeen in
            Sample(
                name: name,
                file: try WebPFile.extended(
                    plain, flags: WebPChunk.Flag.exif | WebPChunk.Flag.xmp, width: 40, height: 30, after: chunks),
                keepsMake: keepsMake, keepsSource: keepsSource, isSeen: isSeen)
        }
        samples += try encodings.map { name, packet in
            Sample(
                name: "XMP in \(name)",
                file: try WebPFile.extended(
                    plain, flags: WebPChunk.Flag.xmp, width: 40, height: 30, after: [(WebPChunk.xmp, packet)]),
                keepsSource: true)
        }
        samples.append(
            Sample(name: "a simple file", file: WebPFile.file(try WebPFile.chunks(plain) + [(WebPChunk.exif, block)])))
        return samples
    }

    /// An item of an AVIF.
    struct Item {
        var type: String
        var pieces: [[UInt8]]
        /// Stored in the header instead of the media data.
        var isInHeader = false
    }

    /// Headers without a picture that could be decoded.
    static func avif() -> [Sample] {
        func lead(_ count: Int) -> [UInt8] { PNGFile.long(count) }
        let block = exif()
        let items: [(String, [Item], Bool, Bool, Bool)] = [
            ("Exif", [Item(type: "Exif", pieces: [lead(0) + block])], true, false, true),
            ("Exif with a header", [Item(type: "Exif", pieces: [lead(6) + exifHeader + block])], true, false, true),
            (
                "Exif far off", [Item(type: "Exif", pieces: [lead(9) + [UInt8](repeating: 1, count: 9) + block])], true,
                false, true
            ),
            ("Exif without a number", [Item(type: "Exif", pieces: [block])], true, false, true),
            ("Exif with a header and no number", [Item(type: "Exif", pieces: [exifHeader + block])], true, false, true),
            (
                "several",
                [
                    Item(type: "Exif", pieces: [lead(0) + block]),
                    Item(type: "Exif", pieces: [lead(0) + exif(bigEndian: false)]),
                    Item(type: "mime", pieces: [packet]),
                    Item(type: "mime", pieces: [packet]),
                ], true, true, true
            ),
            (
                "in pieces",
                [
                    Item(type: "Exif", pieces: [Array((lead(0) + block)[..<60]), Array((lead(0) + block)[60...])]),
                    Item(type: "mime", pieces: [Array(packet[..<300]), Array(packet[300...])]),
                ], true, true, true
            ),
            (
                "in the header",
                [
                    Item(type: "Exif", pieces: [lead(0) + block], isInHeader: true),
                    Item(type: "mime", pieces: [packet], isInHeader: true),
                ], true, true, false
            ),
        ]
        var samples = items.map {
            Sample(name: $0.0, file: avif($0.1), keepsMake: $0.2, keepsSource: $0.3, isSeen: $0.4)
        }
        samples += encodings.map { name, packet in
            Sample(name: "XMP in \(name)", file: avif([Item(type: "mime", pieces: [packet])]), keepsSource: true)
        }
        let uuid: [UInt8] = [
            0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC,
        ]
        samples.append(Sample(name: "uuid", file: avif([]) + AVIFFile.box("uuid", uuid + packet)))
        return samples
    }

    static func avif(_ items: [Item]) -> [UInt8] {
        func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        let all = [Item(type: "av01", pieces: [[1, 2, 3, 4]])] + items
        let entries = all.enumerated().map { index, item in
            let type = item.type == "mime" ? Array("application/rdf+xml".utf8) + [0] : []
            return AVIFFile.box("infe", [2, 0, 0, 0] + short(index + 1) + [0, 0] + Array(item.type.utf8) + [0] + type)
        }
        let held = all.filter(\.isInHeader).flatMap { $0.pieces.flatMap(\.self) }
        func header(dataAt start: Int) -> [UInt8] {
            var (data, inside) = (start, 0)
            var places = [UInt8](short(all.count))
            for (index, item) in all.enumerated() {
                places += short(index + 1) + [0, item.isInHeader ? 1 : 0, 0, 0] + short(item.pieces.count)
                for piece in item.pieces {
                    places += PNGFile.long(item.isInHeader ? inside : data) + PNGFile.long(piece.count)
                    if item.isInHeader { inside += piece.count } else { data += piece.count }
                }
            }
            let size = AVIFFile.full("ispe", PNGFile.long(64) + PNGFile.long(48))
            let properties = AVIFFile.box("ipco", size + AVIFFile.box("av1C", [0x81, 0, 0x0C, 0]))
            let handler = AVIFFile.full("hdlr", [0, 0, 0, 0] + Array("pict".utf8) + [UInt8](repeating: 0, count: 13))
            let meta =
                handler + AVIFFile.full("pitm", [0, 1])
                + AVIFFile.full("iinf", short(all.count) + Array(entries.joined()))
                + AVIFFile.box("iloc", [1, 0, 0, 0, 0x44, 0] + places)
                + AVIFFile.box("iprp", properties + AVIFFile.full("ipma", PNGFile.long(1) + [0, 1, 2, 1, 2]))
                + (held.isEmpty ? [] : AVIFFile.box("idat", held))
            return AVIFFile.box("ftyp", Array("avif".utf8) + [0, 0, 0, 0] + Array("avifmif1".utf8))
                + AVIFFile.full("meta", meta)
        }
        let start = header(dataAt: 0).count + 8
        let data = all.filter { !$0.isInHeader }.flatMap { $0.pieces.flatMap(\.self) }
        return header(dataAt: start) + AVIFFile.box("mdat", data)
    }
}
