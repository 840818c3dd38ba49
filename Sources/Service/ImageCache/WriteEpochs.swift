/// A count of the writes of a path, to tell whether one came between a question and its answer.
public struct WriteEpoch: Hashable, Sendable {
    let value: UInt64
}

/// Counts writes by path in a fixed number of stripes. Two paths on one stripe only cost a fill that is not kept.
struct WriteEpochs: Sendable {
    private static let stripeCount = 512
    private var stripes = [UInt64](repeating: 0, count: stripeCount)

    func current(_ path: CachePath) -> WriteEpoch { WriteEpoch(value: stripes[Self.stripe(path)]) }

    mutating func advance(_ path: CachePath) { stripes[Self.stripe(path)] += 1 }

    /// As if every path had been written.
    mutating func advanceAll() {
        for stripe in stripes.indices { stripes[stripe] += 1 }
    }

    /// The lower bits choose the shard.
    private static func stripe(_ path: CachePath) -> Int { path.hash >> 8 & (stripeCount - 1) }
}
