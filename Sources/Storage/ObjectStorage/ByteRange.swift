/// A part of an object: what a Range header can say (RFC 9110, section 14.1.2).
public enum ByteRange: Sendable, Hashable {
    /// From `first` to `last`, both included; `last` may be after the end. 0 <= first <= last.
    case closed(first: Int64, last: Int64)
    /// From this offset to the end.
    case from(Int64)
    /// So many bytes at the end, at least 1.
    case suffix(Int64)

    /// The bytes that are meant in an object of this size; nil if there are none: 416.
    public func resolve(size: Int64) -> Range<Int64>? {
        switch self {
        case .closed(let first, let last):
            first < size && first <= last ? first..<(min(last, size - 1) + 1) : nil
        case .from(let first):
            first < size ? first..<size : nil
        case .suffix(let count):
            count > 0 && size > 0 ? max(0, size - count)..<size : nil
        }
    }
}
