/// Builds the boxes of an AVIF, so that a test controls the layout of every box.
enum AVIFFile {
    static func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
        PNGFile.long(content.count + 8) + Array(name.utf8) + content
    }

    /// A box with version 0 and no flags.
    static func full(_ name: String, _ content: [UInt8]) -> [UInt8] { box(name, [0, 0, 0, 0] + content) }

    /// A header that shows one item with this coded size. The item has these properties in addition to those that every
    /// header has.
    static func header(
        width: Int, height: Int, brand: String = "avif", properties: [[UInt8]] = [], beside: [UInt8] = [],
        coding: [UInt8] = [0x81, 0, 0x0C, 0], shown item: Int = 1
    ) -> [UInt8] {
        let id = [UInt8(item >> 8), UInt8(item & 255)]
        let all = [full("ispe", PNGFile.long(width) + PNGFile.long(height)), box("av1C", coding)] + properties
        let links = id + [UInt8(all.count)] + (1...all.count).map { UInt8($0) }
        let meta =
            full("pitm", id)
            + full("iinf", [0, 1] + box("infe", [2, 0, 0, 0] + id + [0, 0] + Array("av01".utf8) + [0]))
            + box("iprp", box("ipco", Array(all.joined())) + full("ipma", PNGFile.long(1) + links)) + beside
        return box("ftyp", Array(brand.utf8) + [0, 0, 0, 0] + Array("avifmif1".utf8)) + full("meta", meta)
    }

    /// A clean aperture of this size in the middle.
    static func cleanAperture(width: Int, height: Int) -> [UInt8] {
        box("clap", Array([width, 1, height, 1, 0, 1, 0, 1].map { PNGFile.long($0) }.joined()))
    }
}
