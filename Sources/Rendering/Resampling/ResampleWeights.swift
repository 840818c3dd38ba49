/// For one axis: from which input samples each output sample is made, and with which weights.
struct ResampleWeights {
    /// The kernels take weights in groups of so many; each list is filled up with zeros.
    static let group = 4

    /// The input samples of one output sample.
    struct Window: Equatable {
        /// The first input sample.
        var start: Int
        /// How many samples have weight; at least 1.
        var count: Int
        /// Where the weights begin in ``ResampleWeights/weights``.
        var offset: Int
    }

    private(set) var windows: [Window] = []
    private(set) var weights: [Float] = []
    /// The input samples that are used at all.
    private(set) var used: Range<Int> = 0..<0

    /// - Parameters:
    ///   - inputCount: samples of the input, at least 1.
    ///   - origin: where the part to show begins, in samples; pixel 0 covers 0 to 1.
    ///   - length: how long that part is, more than 0 and within the input.
    ///   - outputCount: samples of the output, at least 1.
    init(inputCount: Int, origin: Double, length: Double, outputCount: Int) {
        precondition(inputCount > 0 && outputCount > 0 && length > 0, "an axis without samples")
        let scale = length / Double(outputCount)
        // For a reduction the filter grows with it, so that no sample is passed over (no aliasing).
        let stretch = max(scale, 1)
        let support = Lanczos.support * stretch
        windows.reserveCapacity(outputCount)
        weights.reserveCapacity(outputCount * (Int(2 * support) + 2 + Self.group))
        var raw: [Double] = []
        for index in 0..<outputCount {
            // Centres of pixels stand at halves: this is what keeps the picture from shifting.
            let centre = origin + (Double(index) + 0.5) * scale
            let first = max(0, min(inputCount - 1, Int((centre - support - 0.5).rounded(.up))))
            let last = max(first, min(inputCount - 1, Int((centre + support - 0.5).rounded(.down))))
            raw.removeAll(keepingCapacity: true)
            for sample in first...last {
                raw.append(Lanczos.weight(at: (Double(sample) + 0.5 - centre) / stretch))
            }
            append(raw, start: first)
        }
        let start = windows.map(\.start).min() ?? 0
        let end = windows.map { $0.start + $0.count }.max() ?? start
        used = start..<end
    }

    /// Adds one output sample. What stood beyond the picture's edge is made up for by the rest: weights always add up
    /// to one, so a constant picture stays as it is.
    private mutating func append(_ raw: [Double], start: Int) {
        // Far from 0: the centre lies within the picture, so its nearest sample has a weight of at least 0.6.
        let sum = raw.reduce(0, +)
        let leading = raw.prefix { $0 == 0 }.count
        let trailing = raw.reversed().prefix { $0 == 0 }.count
        let kept = raw[leading..<(raw.count - trailing)].map { Float($0 / sum) }

        let offset = weights.count
        weights += kept
        // What rounding to Float took goes to the largest weight.
        if let largest = kept.indices.max(by: { kept[$0] < kept[$1] }) {
            let rounded = kept.reduce(0.0) { $0 + Double($1) }
            weights[offset + largest] += Float(1 - rounded)
        }
        windows.append(Window(start: start + leading, count: kept.count, offset: offset))
        while weights.count % Self.group != 0 { weights.append(0) }
    }
}
