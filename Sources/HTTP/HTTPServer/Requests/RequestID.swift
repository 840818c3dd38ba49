import NIOCore
import Synchronization

/// The id of a request: unique in this process, and random enough across replicas.
public struct RequestID: Sendable, Hashable {
    fileprivate let value: UInt64

    /// 16 hexadecimal digits.
    public var text: String {
        String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 { digits[index] = self.digit(index) }
            return 16
        }
    }

    /// Writes the digits of `text`.
    func write(into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 16) { digits in
            for index in 0..<16 { digits[index] = self.digit(index) }
            return 16
        }
    }

    /// Passes the digits of `text` on, without a String.
    public func withDigits(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { digits in
            for index in 0..<16 { digits[index] = self.digit(index) }
            body(UnsafeRawBufferPointer(digits))
        }
    }

    private func digit(_ index: Int) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: self.value >> UInt64(60 - 4 * index)) & 15
        return nibble < 10 ? 48 + nibble : 87 + nibble
    }
}

/// Creates request ids from a counter with a random start, scrambled by a bijection. So no id occurs twice in a
/// process, and two replicas almost never share one.
final class RequestIDs: Sendable {
    private let counter = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    func next() -> RequestID {
        // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), a bijection.
        var value = self.counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        return RequestID(value: value)
    }
}
