/// A small ICC profile for seeds (ICC.1:2010, sections 7 to 10).
enum Profile {
    /// The profile of Display P3: the primaries of SMPTE RP 431-2 adapted to D50, and the curve of sRGB in parametric
    /// form.
    static func displayP3() -> [UInt8] {
        func xyz(_ values: [Double]) -> [UInt8] { Array("XYZ ".utf8) + long(0) + values.flatMap(fixed) }
        let curve =
            Array("para".utf8) + long(0) + [0, 3, 0, 0]
            + [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].flatMap(fixed)
        let tags: [(name: String, data: [UInt8])] = [
            ("wtpt", xyz([0.9642, 1, 0.8249])), ("rXYZ", xyz([0.51512, 0.2412, -0.00105])),
            ("gXYZ", xyz([0.29198, 0.69225, 0.04189])), ("bXYZ", xyz([0.1571, 0.06657, 0.78407])),
            ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
        ]
        var table = long(tags.count)
        var data: [UInt8] = []
        for tag in tags {
            table += Array(tag.name.utf8) + long(132 + 12 * tags.count + data.count) + long(tag.data.count)
            data += tag.data
        }
        var header = long(128 + table.count + data.count) + Array("test".utf8) + [4, 0, 0, 0]
        header += Array("mntrRGB XYZ ".utf8) + [UInt8](repeating: 0, count: 12) + Array("acsp".utf8)
        header += [UInt8](repeating: 0, count: 28) + [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]
        return header + [UInt8](repeating: 0, count: 128 - header.count) + table + data
    }

    private static func fixed(_ value: Double) -> [UInt8] { long(Int((value * 65_536).rounded())) }

    private static func long(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
