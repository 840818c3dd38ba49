/// Writes an EXIF block with any directories, so that a test controls every offset.
struct TIFFBlock {
    /// An entry's value.
    enum Value {
        case short(Int)
        case long(Int)
        case text(String)
        case bytes([UInt8])
        case rationals([(Int, Int)])
        /// A separate directory. The entry points to it.
        case directory([(tag: Int, value: Value)])
        /// A directory as the payload of an UNDEFINED entry. Its offsets count from the start of the block, as in
        /// Canon's maker notes.
        case makerNote([(tag: Int, value: Value)])
        /// Bytes at the end of the block. A LONG points to them.
        case tail([UInt8])
    }

    typealias Directory = [(tag: Int, value: Value)]

    private var bytes: [UInt8] = []
    private var tails: [(at: Int, data: [UInt8])] = []
    private let bigEndian: Bool

    /// The block with these directories in a chain.
    static func bytes(_ directories: [Directory], bigEndian: Bool = true) -> [UInt8] {
        var block = TIFFBlock(bigEndian: bigEndian)
        block.bytes = bigEndian ? [0x4D, 0x4D] : [0x49, 0x49]
        block.bytes += block.number(42, 2) + block.number(8, 4)
        for (index, directory) in directories.enumerated() {
            let link = block.append(directory)
            if index + 1 < directories.count { block.put(block.bytes.count, at: link) }
        }
        for tail in block.tails {
            block.put(block.bytes.count, at: tail.at)
            block.bytes += tail.data
        }
        return block.bytes
    }

    private init(bigEndian: Bool) { self.bigEndian = bigEndian }

    private func number(_ value: Int, _ width: Int) -> [UInt8] {
        let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return bigEndian ? bytes.reversed() : bytes
    }

    private mutating func put(_ value: Int, at offset: Int) {
        bytes.replaceSubrange(offset..<offset + 4, with: number(value, 4))
    }

    /// Appends a directory and the data that it points to. Returns the position of its link to the next directory.
    private mutating func append(_ directory: Directory) -> Int {
        let start = bytes.count
        bytes += number(directory.count, 2) + [UInt8](repeating: 0, count: 12 * directory.count + 4)
        for (index, entry) in directory.enumerated() {
            let at = start + 2 + 12 * index
            func head(_ type: Int, _ count: Int) -> [UInt8] {
                number(entry.tag, 2) + number(type, 2) + number(count, 4)
            }
            switch entry.value {
            case .short(let value):
                bytes.replaceSubrange(at..<at + 12, with: head(3, 1) + number(value, 2) + [0, 0])
            case .long(let value):
                bytes.replaceSubrange(at..<at + 12, with: head(4, 1) + number(value, 4))
            case .text(let text):
                place(Array(text.utf8) + [0], head(2, text.utf8.count + 1), at)
            case .bytes(let data):
                place(data, head(7, data.count), at)
            case .rationals(let values):
                place(values.flatMap { number($0.0, 4) + number($0.1, 4) }, head(5, values.count), at)
            case .directory(let inner):
                bytes.replaceSubrange(at..<at + 12, with: head(4, 1) + number(bytes.count, 4))
                _ = append(inner)
            case .makerNote(let inner):
                let begin = bytes.count
                _ = append(inner)
                bytes.replaceSubrange(at..<at + 12, with: head(7, bytes.count - begin) + number(begin, 4))
            case .tail(let data):
                bytes.replaceSubrange(at..<at + 8, with: head(4, 1))
                tails.append((at + 8, data))
            }
        }
        return start + 2 + 12 * directory.count
    }

    private mutating func place(_ data: [UInt8], _ head: [UInt8], _ at: Int) {
        if data.count <= 4 {
            let value = data + [UInt8](repeating: 0, count: 4 - data.count)
            bytes.replaceSubrange(at..<at + 12, with: head + value)
        } else {
            bytes.replaceSubrange(at..<at + 12, with: head + number(bytes.count, 4))
            bytes += data
            if bytes.count % 2 == 1 { bytes.append(0) }
        }
    }
}
