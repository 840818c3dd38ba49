import Foundation

/// ICC profiles made in code (ICC.1:2010).
enum ICCFile {
    /// Display P3 as Apple publishes it: the primaries of SMPTE RP 431-2 adapted to D50, and the curve of sRGB in
    /// parametric form.
    static func displayP3() -> [UInt8] {
        let curve = parametric(3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])
        return profile(
            "mntr", "RGB ", "XYZ ", named: "Display P3",
            [
                ("rXYZ", xyz([0.51512, 0.2412, -0.00105])), ("gXYZ", xyz([0.29198, 0.69225, 0.04189])),
                ("bXYZ", xyz([0.1571, 0.06657, 0.78407])), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve),
            ])
    }

    /// Coated paper by ISO 12647-2 with the characterisation FOGRA39. Paper and solids are the published values. Dots
    /// follow Neugebauer's model with a dot gain of 14 % in the middle (curve B).
    static func fogra39() -> [UInt8] {
        // By cyan, magenta, yellow: paper, Y, M, M+Y, C, C+Y, C+M, C+M+Y.
        let solids: [[Double]] = [
            [95, 0, -2], [89, -5, 93], [48, 74, -3], [47, 68, 48], [55, -37, -50], [50, -65, 27], [24, 22, -46],
            [23, 0, 0],
        ]
        var table: [UInt8] = []
        for solid in solids {
            for black in [0.0, 1] {
                // Black over a colour is darker than black alone, and has almost no colour left.
                let lab = black == 0 ? solid : [16 * (0.5 + 0.5 * solid[0] / 95), solid[1] * 0.05, solid[2] * 0.05]
                // The encoding of lut16Type (6.3.4.2): 100 is 0xFF00.
                table += short(lab[0] * 652.8) + short((lab[1] + 128) * 256) + short((lab[2] + 128) * 256)
            }
        }
        let steps = 64
        let gain = (0..<steps).flatMap { index -> [UInt8] in
            let dot = Double(index) / Double(steps - 1)
            return short((dot + 0.56 * dot * (1 - dot)) * 65_535)
        }
        var lut = Array("mft2".utf8) + long(0) + [4, 3, 2, 0]
        for value in [1.0, 0, 0, 0, 1, 0, 0, 0, 1] { lut += fixed(value) }
        lut += short(Double(steps)) + short(2) + (0..<4).flatMap { _ in gain } + table
        for _ in 0..<3 { lut += short(0) + short(65_535) }
        return profile("prtr", "CMYK", "Lab ", named: "FOGRA39", [("A2B0", lut)])
    }

    // MARK: - XYB (ISO/IEC 18181-1, annex on colour; scaled to 0...1 as libjxl and jpegli do for ICC)

    private static let opsin: [[Double]] = [
        [0.30, 0.622, 0.078], [0.23, 0.692, 0.078], [0.24342268924547819, 0.20476744424496821, 0.5518098665095536],
    ]
    private static let bias = 0.0037930732552754493
    private static let offset = [0.015386134, 0, 0.27770459]
    private static let scale = [22.995788804, 1.183000077, 1.502141333]
    /// The values of L', M' and S' for samples from 0 to 1.
    private static let ranges: [(low: Double, high: Double)] = [(-0.016, 0.874), (-0.0285, 0.861), (-0.278, 1.234)]

    /// A pixel of sRGB as the samples of an XYB JPEG.
    static func xyb(sRGB pixel: [UInt8]) -> [UInt8] {
        let linear = pixel.map { value -> Double in
            let part = Double(value) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        let mixed = opsin.map { row in cbrt(zip(row, linear).reduce(bias) { $0 + $1.0 * $1.1 }) - cbrt(bias) }
        let (x, y) = ((mixed[0] - mixed[1]) / 2, (mixed[0] + mixed[1]) / 2)
        return [(x + offset[0]) * scale[0], (y + offset[1]) * scale[1], (mixed[2] - y + offset[2]) * scale[2]].map {
            UInt8(min(255, max(0, ($0 * 255).rounded())))
        }
    }

    /// A profile for the opposite direction: a table of two steps for the sums, cubes, and the inverse matrix to XYZ
    /// (lutAToBType).
    static func xyb() -> [UInt8] {
        var table: [UInt8] = []
        for corner in 0..<8 {
            let samples = [Double(corner >> 2 & 1), Double(corner >> 1 & 1), Double(corner & 1)]
            let (x, y) = (samples[0] / scale[0] - offset[0], samples[1] / scale[1] - offset[1])
            let mixed = [y + x, y - x, samples[2] / scale[2] - offset[2] + y]
            for (value, range) in zip(mixed, ranges) {
                table += short((value - range.low) / (range.high - range.low) * 65_535)
            }
        }
        let grid: [UInt8] = [2, 2, 2] + [UInt8](repeating: 0, count: 13) + [2, 0, 0, 0] + table
        let identity = parametric(0, [1])
        let cubes = ranges.flatMap { range -> [UInt8] in
            let (slope, start) = (range.high - range.low, range.low + cbrt(bias))
            return parametric(4, [3, slope, start, 0, -start / slope, -bias, 0])
        }
        // Linear sRGB to XYZ under D50, in the encoding in which 1 + 32767/32768 is the largest number.
        let toXYZ = [[0.43606, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71409]]
        let matrix = product(toXYZ, inverse(opsin)).flatMap { $0 }.flatMap { fixed($0 * 32_768 / 65_535) }
        let curves = identity + identity + identity
        let places = [32, 32 + curves.count]
        let afterMatrix = places[1] + 48
        let afterCubes = afterMatrix + cubes.count
        var lut = Array("mAB ".utf8) + long(0) + [3, 3, 0, 0]
        for place in [places[0], places[1], afterMatrix, afterCubes, afterCubes + grid.count] { lut += long(place) }
        lut += curves + matrix + fixed(0) + fixed(0) + fixed(0) + cubes + grid + curves
        return profile("scnr", "RGB ", "XYZ ", named: "XYB", version: 0x0430_0000, [("A2B0", lut)])
    }

    private static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        a.map { row in (0..<3).map { column in (0..<3).reduce(0) { $0 + row[$1] * b[$1][column] } } }
    }

    /// By cofactors.
    private static func inverse(_ m: [[Double]]) -> [[Double]] {
        func minor(_ row: Int, _ column: Int) -> Double {
            let (a, b, c, d) = ((row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3)
            return m[a][c] * m[b][d] - m[a][d] * m[b][c]
        }
        let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * minor(0, $1) }
        return (0..<3).map { row in (0..<3).map { minor($0, row) / determinant } }
    }

    // MARK: - Building

    /// Header, tag table, tags. Description and white point come first.
    private static func profile(
        _ kind: String, _ space: String, _ connection: String, named name: String, version: Int = 0x0400_0000,
        _ more: [(String, [UInt8])]
    ) -> [UInt8] {
        let text = Array(name.utf8) + [0]
        var description = Array("desc".utf8) + long(0) + long(text.count) + text + [UInt8](repeating: 0, count: 78)
        while description.count % 4 != 0 { description.append(0) }
        let tags = [("desc", description), ("wtpt", xyz([0.9642, 1, 0.8249]))] + more
        var table = long(tags.count)
        var data: [UInt8] = []
        for (tag, content) in tags {
            table += Array(tag.utf8) + long(132 + 12 * tags.count + data.count) + long(content.count)
            data += content
            while data.count % 4 != 0 { data.append(0) }
        }
        var header = long(128 + table.count + data.count) + Array("test".utf8) + long(version)
        header += Array((kind + space + connection).utf8) + [UInt8](repeating: 0, count: 12) + Array("acsp".utf8)
        header += [UInt8](repeating: 0, count: 28) + [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]
        header += [UInt8](repeating: 0, count: 128 - header.count)
        return header + table + data
    }

    private static func parametric(_ kind: UInt8, _ values: [Double]) -> [UInt8] {
        Array("para".utf8) + long(0) + [0, kind, 0, 0] + values.flatMap(fixed)
    }

    private static func xyz(_ values: [Double]) -> [UInt8] { Array("XYZ ".utf8) + long(0) + values.flatMap(fixed) }

    private static func fixed(_ value: Double) -> [UInt8] { long(Int((value * 65_536).rounded())) }

    private static func short(_ value: Double) -> [UInt8] {
        let number = Int(value.rounded())
        return [UInt8(number >> 8 & 255), UInt8(number & 255)]
    }

    private static func long(_ value: Int) -> [UInt8] { PNGFile.long(value) }
}
