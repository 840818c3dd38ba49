import NIOCore
import Synchronization
import TextCoding

/// The head of a response, with placeholders for the values that differ between images and between seconds. The heads
/// of thousands of images share a few shapes, so only the values are kept for each image.
///
/// A shape is made from the head that a handler made. Everything else in that head is kept unchanged.
final class HeadShape: Sendable, Hashable {
    private enum Hole: UInt8, Sendable {
        case etag, lastModified, length, age, date

        init?(_ name: Substring.UTF8View) {
            switch String(decoding: name, as: UTF8.self).lowercased() {
            case "etag": self = .etag
            case "last-modified": self = .lastModified
            case "content-length": self = .length
            case "age": self = .age
            case "date": self = .date
            default: return nil
            }
        }
    }

    /// Everything but the values.
    private let bytes: [UInt8]
    /// The placeholders, in the order of the bytes.
    private let holes: [(end: Int, hole: Hole)]

    /// The values of one response.
    struct Values {
        /// As stored: the complete tag, and the date.
        var texts: ArraySlice<UInt8>
        var etagBytes: Int
        var length: Int64
        var age: Int64
        var date: Timestamp
    }

    init(_ head: ByteBuffer) {
        var (bytes, holes): ([UInt8], [(Int, Hole)]) = ([], [])
        for line in String(buffer: head).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
            if let colon = line.firstIndex(of: UInt8(ascii: ":")), line.last == UInt8(ascii: "\r"),
                let hole = Hole(Substring(line[..<colon]).utf8)
            {
                bytes += line[...colon]
                bytes.append(UInt8(ascii: " "))
                holes.append((bytes.count, hole))
                bytes.append(UInt8(ascii: "\r"))
            } else {
                bytes += line
            }
        }
        self.bytes = bytes
        self.holes = holes.map { (end: $0.0, hole: $0.1) }
    }

    static func == (left: HeadShape, right: HeadShape) -> Bool {
        left.bytes == right.bytes && left.holes.elementsEqual(right.holes) { $0.end == $1.end && $0.hole == $1.hole }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(self.bytes) }

    /// Numbers have 20 digits at most.
    private static let mostBytesOfNumbers = 2 * 20 + Timestamp.httpDateBytes

    func write(_ values: Values, into buffer: inout ByteBuffer) {
        let most = self.bytes.count + values.texts.count + Self.mostBytesOfNumbers
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { place in
            values.texts.withUnsafeBytes { texts in
                self.bytes.withUnsafeBytes { bytes in
                    var (written, read) = (0, 0)
                    func copy(_ part: Slice<UnsafeRawBufferPointer>) {
                        UnsafeMutableRawBufferPointer(rebasing: place[written...])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
                        written += part.count
                    }
                    for (end, hole) in self.holes {
                        copy(bytes[read..<end])
                        read = end
                        let rest = UnsafeMutableRawBufferPointer(rebasing: place[written...])
                        switch hole {
                        case .etag: copy(texts[..<values.etagBytes])
                        case .lastModified: copy(texts[values.etagBytes...])
                        case .length: written += Self.write(values.length, into: rest)
                        case .age: written += Self.write(values.age, into: rest)
                        case .date: written += values.date.writeHTTPDate(into: rest)
                        }
                    }
                    copy(bytes[read...])
                    return written
                }
            }
        }
    }

    private static func write(_ number: Int64, into place: UnsafeMutableRawBufferPointer) -> Int {
        let number = UInt64(max(0, number))
        var (rest, count) = (number / 10, 1)
        while rest > 0 { (rest, count) = (rest / 10, count + 1) }
        rest = number
        for index in stride(from: count - 1, through: 0, by: -1) {
            place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return count
    }
}

/// All shapes, each once.
final class HeadShapes: Sendable {
    private let shapes = Mutex<Set<HeadShape>>([])

    /// There is one for each format, each Vary and each Cache-Control, and those of 304.
    private static let maximumCount = 256

    /// Returns the equal shape that exists already, if there is one. If there are too many, all are forgotten: those in
    /// use are found again. Signed URLs have a Cache-Control for each end.
    func shared(_ shape: HeadShape) -> HeadShape {
        self.shapes.withLock { shapes in
            if let index = shapes.firstIndex(of: shape) { return shapes[index] }
            if shapes.count >= Self.maximumCount { shapes.removeAll() }
            shapes.insert(shape)
            return shape
        }
    }
}
