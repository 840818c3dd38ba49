import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds CRLF "--" boundary in a stream of chunks, without copying and without reading a byte twice.
///
/// Only the first byte of the delimiter is a CR, because a boundary has none. So after a mismatch, no shorter match can
/// have begun within the matched bytes. These bytes need not be kept: they equal the start of the delimiter.
struct DelimiterMatcher {
    /// What the next part of the stream is.
    enum Step: Equatable {
        /// Content without the delimiter.
        case content(ByteBuffer)
        /// The delimiter, which has been read.
        case delimiter
        /// All input was read. A delimiter that may begin at its end is remembered.
        case needsMore
    }

    private let delimiter: ByteBuffer
    /// How many bytes of the delimiter the stream ends with so far.
    private var matched = 0
    /// How many of those were not in the stream.
    private var imagined = 0

    init(boundary: String) {
        delimiter = ByteBuffer(string: "\r\n--\(boundary)")
    }

    /// Begins a new section. At the start of a body, and directly after the blank line of a part's headers, a boundary
    /// needs no line break before it. So the match begins as if one had been read.
    mutating func restartAtLineStart() {
        matched = 2
        imagined = 2
    }

    /// Reads from `input` up to the next step.
    mutating func next(_ input: inout ByteBuffer) -> Step {
        while true {
            guard matched > 0 else { return search(&input) }
            guard input.readableBytes > 0 else { return .needsMore }
            let count = min(input.readableBytes, delimiter.readableBytes - matched)
            if equal(input, at: 0, count: count) {
                input.moveReaderIndex(forwardBy: count)
                matched += count
                guard matched == delimiter.readableBytes else { return .needsMore }
                (matched, imagined) = (0, 0)
                return .delimiter
            }
            // The matched bytes are content. The chunk's own bytes are searched again.
            let held = delimiter.getSlice(at: imagined, length: matched - imagined)
            (matched, imagined) = (0, 0)
            if let held, held.readableBytes > 0 { return .content(held) }
        }
    }

    /// Searches within one chunk, with nothing matched yet.
    private mutating func search(_ input: inout ByteBuffer) -> Step {
        var offset = 0
        let total = input.readableBytes
        guard total > 0 else { return .needsMore }
        while let candidate = firstCarriageReturn(in: input, from: offset) {
            let count = min(total - candidate, delimiter.readableBytes)
            if equal(input, at: candidate, count: count) {
                if candidate > 0, let content = input.readSlice(length: candidate) {
                    // The delimiter is found again at the start of the rest.
                    return .content(content)
                }
                input.moveReaderIndex(forwardBy: count)
                guard count == delimiter.readableBytes else {
                    matched = count
                    return .needsMore
                }
                return .delimiter
            }
            offset = candidate + 1
        }
        return input.readSlice(length: total).map { .content($0) } ?? .needsMore
    }

    private func firstCarriageReturn(in buffer: ByteBuffer, from offset: Int) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, offset < bytes.count,
                let found = memchr(start + offset, 0x0d, bytes.count - offset)
            else { return nil }
            return UnsafeRawPointer(found) - start
        }
    }

    /// Whether `count` bytes of the chunk continue the current match.
    private func equal(_ buffer: ByteBuffer, at offset: Int, count: Int) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            delimiter.withUnsafeReadableBytes { expected in
                bytes[offset..<(offset + count)].elementsEqual(expected[matched..<(matched + count)])
            }
        }
    }
}
