import CRendering

/// For one axis: the input samples of each output sample, and their weights.
///
/// Weights have 14 fractional bits, ``one`` for 1. That is enough: against a reference in doubles, the mean error of a
/// reduction to bytes is a twentieth of a step.
struct ResampleWeights {
    /// The kernels take weights in groups; each list is padded with zeros.
    static let group = Int(TR_GROUP)
    /// A weight of 1.
    static let one = Int(TR_ONE)

    private(set) var windows: [tr_window] = []
    private(set) var weights: [Int16] = []
    /// The range of the input samples that are used.
    private(set) var used: Range<Int> = 0..<0

    /// - Parameters:
    ///   - inputCount: samples of the input, at least 1.
    ///   - origin: where the part to show begins, in samples; pixel 0 covers 0 to 1.
    ///   - length: the length of that part, more than 0 and within the input.
    ///   - outputCount: samples of the output, at least 1.
    init(
        inputCount: Int, origin: Double, length: Double, outputCount: Int, filter: ResampleFilter = .lanczos
    ) {
        precondition(inputCount > 0 && outputCount > 0 && length > 0, "an axis without samples")
        let scale = length / Double(outputCount)
        let reach = filter.reach(scale: scale)
        windows.reserveCapacity(outputCount)
        weights.reserveCapacity(outputCount * Self.capacity(reach: reach, inputCount: inputCount))
        var raw: [Double] = []
        for index in 0..<outputCount {
            // Centres of pixels are at halves: this keeps the picture from shifting.
            let centre = origin + (Double(index) + 0.5) * scale
            let first = max(0, min(inputCount - 1, Int((centre - reach - 0.5).rounded(.up))))
            let last = max(first, min(inputCount - 1, Int((centre + reach - 0.5).rounded(.down))))
            raw.removeAll(keepingCapacity: true)
            for sample in first...last {
                raw.append(filter.weight(at: Double(sample) + 0.5 - centre, scale: scale))
            }
            append(raw, start: first)
        }
        let start = windows.map { Int($0.start) }.min() ?? 0
        let end = windows.map { Int($0.start) + Int($0.count) }.max() ?? start
        used = start..<end
    }

    /// The most weights of one output sample, including padding.
    static func capacity(reach: Double, inputCount: Int) -> Int {
        min(Int(2 * reach) + 2, inputCount) + group - 1
    }

    /// Adds one output sample. Weights beyond the picture's edge are spread over the rest: weights always add up to
    /// one, so a constant picture stays as it is.
    private mutating func append(_ raw: [Double], start: Int) {
        // Never near 0: the centre is inside the picture, so its nearest sample has a weight of at least 0.6.
        let sum = raw.reduce(0, +)
        let leading = raw.prefix { $0 == 0 }.count
        let trailing = raw.reversed().prefix { $0 == 0 }.count
        let kept = raw[leading..<(raw.count - trailing)]
        windows.append(
            tr_window(start: Int32(start + leading), count: Int32(kept.count), offset: Int64(weights.count)))
        // The rounding error of one weight is added to the next one, so that even thousands of tiny weights add up.
        var (exact, given) = (0.0, 0)
        for weight in kept {
            exact += weight / sum * Double(Self.one)
            let next = Int(exact.rounded())
            weights.append(Int16(clamping: next - given))
            given = next
        }
        while weights.count % Self.group != 0 { weights.append(0) }
    }
}
