import Foundation

/// The visible difference between colours: CIEDE2000 (Sharma, Wu, Dalal 2005), between sRGB values under D65.
enum DeltaE {
    /// The mean over all pixels of two pictures of the same shape; nil if the shapes differ.
    static func mean(_ first: Picture, _ second: Picture) -> Double? {
        guard first.width == second.width, first.height == second.height, first.channels == 3, second.channels == 3
        else { return nil }
        var sum = 0.0
        for index in stride(from: 0, to: first.samples.count, by: 3) {
            sum += difference(lab(first.samples[index..<index + 3]), lab(second.samples[index..<index + 3]))
        }
        return sum / Double(first.samples.count / 3)
    }

    private static func lab(_ pixel: ArraySlice<UInt8>) -> SIMD3<Double> {
        let light = pixel.map { value -> Double in
            let part = Double(value) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        // IEC 61966-2-1, relative to the white of D65.
        let x = (0.4124 * light[0] + 0.3576 * light[1] + 0.1805 * light[2]) / 0.9505
        let y = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
        let z = (0.0193 * light[0] + 0.1192 * light[1] + 0.9505 * light[2]) / 1.089
        func root(_ value: Double) -> Double {
            value > 216.0 / 24_389 ? cbrt(value) : (24_389.0 / 27 * value + 16) / 116
        }
        return SIMD3(116 * root(y) - 16, 500 * (root(x) - root(y)), 200 * (root(y) - root(z)))
    }

    static func difference(_ first: SIMD3<Double>, _ second: SIMD3<Double>) -> Double {
        func degrees(_ value: Double) -> Double { value * 180 / .pi }
        func radians(_ value: Double) -> Double { value * .pi / 180 }
        let meanChroma = (hypot(first.y, first.z) + hypot(second.y, second.z)) / 2
        let power = pow(meanChroma, 7)
        let stretch = 0.5 * (1 - sqrt(power / (power + 6_103_515_625)))
        let (a1, a2) = ((1 + stretch) * first.y, (1 + stretch) * second.y)
        let (c1, c2) = (hypot(a1, first.z), hypot(a2, second.z))
        func hue(_ a: Double, _ b: Double) -> Double {
            guard a != 0 || b != 0 else { return 0 }
            let angle = degrees(atan2(b, a))
            return angle < 0 ? angle + 360 : angle
        }
        let (h1, h2) = (hue(a1, first.z), hue(a2, second.z))
        var angle = h2 - h1
        if c1 * c2 == 0 { angle = 0 } else if angle > 180 { angle -= 360 } else if angle < -180 { angle += 360 }
        let (dl, dc) = (second.x - first.x, c2 - c1)
        let dh = 2 * sqrt(c1 * c2) * sin(radians(angle / 2))
        let (l, c) = ((first.x + second.x) / 2, (c1 + c2) / 2)
        var h = h1 + h2
        if c1 * c2 != 0 { h = abs(h1 - h2) <= 180 ? h / 2 : h < 360 ? (h + 360) / 2 : (h - 360) / 2 }
        var t = 1 - 0.17 * cos(radians(h - 30)) + 0.24 * cos(radians(2 * h))
        t += 0.32 * cos(radians(3 * h + 6)) - 0.20 * cos(radians(4 * h - 63))
        let squared = (l - 50) * (l - 50)
        let sl = 1 + 0.015 * squared / sqrt(20 + squared)
        let (sc, sh) = (1 + 0.045 * c, 1 + 0.015 * c * t)
        let chroma = pow(c, 7)
        let spread = 30 * exp(-pow((h - 275) / 25, 2))
        let rotation = -2 * sqrt(chroma / (chroma + 6_103_515_625)) * sin(radians(2 * spread))
        let (x, y, z) = (dl / sl, dc / sc, dh / sh)
        return sqrt(x * x + y * y + z * z + rotation * y * z)
    }
}
