/// The first bytes of a chunk while they arrive, up to a fixed number.
struct SmallBytes: Sendable {
    private(set) var bytes: [UInt8] = []
    /// How many are wanted.
    var wanted: Int

    init(wanted: Int) {
        self.wanted = wanted
    }

    var isComplete: Bool { bytes.count >= wanted }

    /// Takes the bytes that are still wanted from a range, and returns how many.
    @discardableResult
    mutating func take(_ source: RawSpan, _ range: Range<Int>) -> Int {
        let count = min(wanted - bytes.count, range.count)
        guard count > 0 else { return 0 }
        for offset in range.lowerBound..<range.lowerBound + count { bytes.append(source.byte(at: offset)) }
        return count
    }

    /// Starts again with no bytes.
    mutating func reset(wanted: Int) {
        bytes.removeAll(keepingCapacity: true)
        self.wanted = wanted
    }
}
