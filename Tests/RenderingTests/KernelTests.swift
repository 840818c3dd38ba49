import CRendering
import Testing

@testable import Rendering

/// Compares the loops for AVX2 with those in plain C, which are the reference. On a processor without AVX2 both are the
/// same.
@Suite(.serialized) struct KernelTests {
    private struct Noise {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }

    private func both<Value: Equatable>(_ body: () -> Value) -> (Value, Value) {
        tr_use_vectors(0)
        let plain = body()
        tr_use_vectors(1)
        return (plain, body())
    }

    @Test(arguments: [1, 3, 4, 5, 15, 16, 17, 31, 63, 64, 65, 130, 1_001], [1, 2, 3, 12, 25])
    func `sums of rows are equal to the last bit`(count: Int, taps: Int) {
        var noise = Noise(state: UInt64(count * 100 + taps))
        let pixels = count * 4
        // No byte after the last sample of the last row belongs to the picture.
        let rows = (0..<(pixels * taps)).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        let weights = (0..<taps).map { _ in Int16(truncatingIfNeeded: Int(noise.next() % 8_192) - 2_048) }
        let sums = both {
            var sums = [Int16](repeating: 0, count: count)
            tr_sum_rows(rows, pixels, weights, taps, &sums, count)
            return sums
        }
        #expect(sums.0 == sums.1)
        let alpha = both {
            var sums = [Int16](repeating: 0, count: pixels)
            tr_sum_rows_rgba(rows, pixels, weights, taps, &sums, count)
            return sums
        }
        #expect(alpha.0 == alpha.1)
    }

    @Test(arguments: [(31, 7), (400, 90), (5, 40), (64, 64), (1, 9), (1_000, 1)])
    func `filters along a row are equal to the last bit`(input: Int, output: Int) {
        var noise = Noise(state: UInt64(input))
        let table = ResampleWeights(inputCount: input, origin: 0, length: Double(input), outputCount: output)
        let sums = (0..<(input * 4 + Int(TR_SLACK))).map { _ in Int16(truncatingIfNeeded: noise.next() % 16_000) }
        for filter in [tr_filter_gray, tr_filter_rgb, tr_filter_rgba] {
            let rows = both {
                var row = [UInt8](repeating: 0, count: output * 4)
                filter(sums, table.windows, output, table.weights, &row)
                return row
            }
            #expect(rows.0 == rows.1)
        }
        let deep = both {
            var row = [Int16](repeating: 0, count: output)
            tr_filter_gray_deep(sums, table.windows, output, table.weights, &row)
            return row
        }
        #expect(deep.0 == deep.1)
        // The values have six more fractional bits than the bytes, and are not clamped.
        var bytes = [UInt8](repeating: 0, count: output)
        tr_filter_gray(sums, table.windows, output, table.weights, &bytes)
        let cut = deep.0.map { UInt8(min(max((Int($0) + 32) >> 6, 0), 255)) }
        #expect(largestDifference(bytes, cut) <= 1)
    }
}
