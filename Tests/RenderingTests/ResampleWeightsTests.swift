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
            #expect(window.start >= 0 && window.start + window.count <= input)
            #expect(table.used.contains(window.start) && table.used.contains(window.start + window.count - 1))
            let weights = table.weights[window.offset..<(window.offset + window.count)]
            #expect(abs(weights.reduce(0.0) { $0 + Double($1) } - 1) < 1e-7)
            // Filled up with zeros to whole groups.
            #expect(window.offset % ResampleWeights.group == 0)
            let end = (window.offset + window.count + 3) / 4 * 4
            #expect(end <= table.weights.count)
            #expect(table.weights[(window.offset + window.count)..<end].allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: [0, 3])
    func `at one to one every sample is itself`(origin: Int) {
        let table = ResampleWeights(inputCount: 20, origin: Double(origin), length: 10, outputCount: 10)
        for (index, window) in table.windows.enumerated() {
            #expect(window.start == origin + index)
            #expect(window.count == 1)
            #expect(table.weights[window.offset] == 1)
        }
        #expect(table.used == origin..<(origin + 10))
    }

    @Test func `weights are symmetric`() {
        let table = ResampleWeights(inputCount: 40, origin: 0, length: 40, outputCount: 10)
        for (window, mirror) in zip(table.windows, table.windows.reversed()) {
            #expect(window.start == 40 - mirror.start - mirror.count)
            let weights = table.weights[window.offset..<(window.offset + window.count)]
            let mirrored = table.weights[mirror.offset..<(mirror.offset + mirror.count)].reversed()
            #expect(zip(weights, mirrored).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }

    @Test func `the filter grows with the reduction`() {
        let table = ResampleWeights(inputCount: 400, origin: 0, length: 400, outputCount: 50)
        // Six lobes of eight samples each.
        #expect(table.windows[25].count == 48)
        let enlarged = ResampleWeights(inputCount: 50, origin: 0, length: 50, outputCount: 400)
        #expect(enlarged.windows[200].count == 6)
    }
}
