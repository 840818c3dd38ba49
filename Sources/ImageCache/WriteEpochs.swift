import NIOConcurrencyHelpers
import ObjectStorage

/// A count of the writes of a path, to tell whether one came between a question and its answer.
public struct WriteEpoch: Hashable, Sendable {
    let value: UInt64
}

/// Counts writes by path in a fixed number of stripes. Two paths on one stripe only cost a fill that is not kept.
final class WriteEpochs: Sendable {
    private let stripes = NIOLockedValueBox([UInt64](repeating: 0, count: 4096))

    func current(_ path: ObjectKey) -> WriteEpoch {
        stripes.withLockedValue { WriteEpoch(value: $0[Self.stripe(path)]) }
    }

    func advance(_ path: ObjectKey) {
        stripes.withLockedValue { $0[Self.stripe(path)] += 1 }
    }

    private static func stripe(_ path: ObjectKey) -> Int {
        Int(UInt(bitPattern: path.hashValue) % 4096)
    }
}
