import CRendering
import Testing

@testable import Rendering

@Suite struct ResampleWeightsTests {
    @Test(arguments: [
        (1, 0.0, 1.0, 1), (1, 0, 1, 100), (100, 0, 100, 1), (100, 0, 100, 99), (100, 0, 100, 101), (7, 0.5, 6, 3),
        (1_000, 333.25, 333.5, 77), (10, 9.5, 0.5, 40), (20_000, 0, 20_000, 3), (3, 0, 3, 8_192),
    ])
    func `windows lie within the input and weights add up to one`(
        input: Int, origin: Double, length: Double, output: Int
    ) {
        let table = ResampleWeights(inputCount: input, origin: origin, length: length, outputCount: output)
        #expect(table.windows.count == output)
        for window in table.windows {
            #expect(window.count >= 1)
            #expect(window.start >= 0 && Int(window.start) + Int(window.count) <= input)
            #expect(table.used.contains(Int(window.start)) && table.used.contains(Int(window.start + window.count) - 1))
            #expect(table.list(window).reduce(0) { $0 + Int($1) } == ResampleWeights.one)
            // Padded with zeros to whole groups.
            #expect(Int(window.offset) % ResampleWeights.group == 0)
            let used = Int(window.offset) + Int(window.count)
            let end = (used + ResampleWeights.group - 1) / ResampleWeights.group * ResampleWeights.group
            #expect(end <= table.weights.count)
            #expect(table.weights[used..<end].allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: [0, 3])
    func `at the same size every weight is one`(origin: Int) {
        let table = ResampleWeights(inputCount: 20, origin: Double(origin), length: 10, outputCount: 10)
        for (index, window) in table.windows.enumerated() {
            #expect(Int(window.start) == origin + index)
            #expect(window.count == 1)
            #expect(Int(table.weights[Int(window.offset)]) == ResampleWeights.one)
        }
        #expect(table.used == origin..<(origin + 10))
    }

    @Test func `weights are symmetric`() {
        let table = ResampleWeights(inputCount: 40, origin: 0, length: 40, outputCount: 10)
        for (window, mirror) in zip(table.windows, table.windows.reversed()) {
            #expect(window.start == 40 - mirror.start - mirror.count)
            // Equal, except for rounding.
            #expect(zip(table.list(window), table.list(mirror).reversed()).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
        }
    }

    @Test func `the filter is wider for a larger reduction`() {
        let table = ResampleWeights(inputCount: 400, origin: 0, length: 400, outputCount: 50)
        // Six lobes of eight samples each.
        #expect(table.windows[25].count == 48)
        let enlarged = ResampleWeights(inputCount: 50, origin: 0, length: 50, outputCount: 400)
        #expect(enlarged.windows[200].count == 6)
    }
}

extension ResampleWeights {
    func list(_ window: tr_window) -> ArraySlice<Int16> {
        weights[Int(window.offset)..<(Int(window.offset) + Int(window.count))]
    }
}
