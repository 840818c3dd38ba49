/// An XMP packet as letters, in any encoding: UTF-8, UTF-16 or UTF-32, either byte order (XMP part 1, 7.1).
///
/// Only ASCII letters matter: markup, names, numbers and times consist of them. Any other letter of UTF-16 and UTF-32
/// is an 0x80 here, so letters keep their positions in the packet.
struct XMPText {
    /// One byte for each unit of the encoding.
    var letters: [UInt8]
    private let width: Int
    /// The index of the lowest byte in a unit.
    private let low: Int
    private let start: Int

    init(_ packet: [UInt8]) {
        let packetBytes = unsafe packet.span.bytes
        (width, low, start) = Self.encoding(packetBytes)
        guard width > 1 else {
            letters = packet
            return
        }
        letters = []
        letters.reserveCapacity(packet.count / width)
        for at in stride(from: start, through: packet.count - width, by: width) {
            let isASCII = (0..<width).allSatisfy { $0 == low || packet[at + $0] == 0 } && packet[at + low] < 0x80
            letters.append(isASCII ? packet[at + low] : 0x80)
        }
    }

    /// Whether the packet is in UTF-8, so that its other letters are here too.
    var isUTF8: Bool { width == 1 }

    /// Writes changed letters back to the packet. They must be ASCII, and as many as before.
    func write(to packet: inout [UInt8], unlike original: XMPText) {
        guard width > 1 else {
            packet = letters
            return
        }
        for index in letters.indices where letters[index] != original.letters[index] {
            let at = start + index * width
            for offset in 0..<width { packet[at + offset] = offset == low ? letters[index] : 0 }
        }
    }

    /// Decides by the first `<`, with zeros around it that UTF-8 does not have; and by the byte order mark before it,
    /// if the zeros on both sides do not tell.
    private static func encoding(_ packet: RawSpan) -> (width: Int, low: Int, start: Int) {
        guard let sign = (0..<packet.byteCount).first(where: { packet.byte(at: $0) == 0x3C }) else { return (1, 0, 0) }
        func isZero(_ offsets: ClosedRange<Int>) -> Bool {
            offsets.lowerBound >= 0 && offsets.upperBound < packet.byteCount
                && offsets.allSatisfy { packet.byte(at: $0) == 0 }
        }
        if isZero(sign + 1...sign + 3) {
            // After three zeros, and not before three others: big endian if the next letter comes after four bytes.
            let isBig = isZero(sign - 3...sign - 1) && sign + 4 < packet.byteCount && packet.byte(at: sign + 4) != 0
            let isMarked = sign >= 4 && packet.has([0, 0, 0xFE, 0xFF], at: sign - 7)
            let first = isBig && (isMarked || sign % 4 == 3) ? sign - 3 : sign
            return (4, sign - first, first % 4)
        }
        guard isZero(sign + 1...sign + 1) else { return (1, 0, 0) }
        let isBig = isZero(sign - 1...sign - 1) && (sign % 2 == 1 || packet.has([0xFE, 0xFF], at: sign - 3))
        let first = isBig ? sign - 1 : sign
        return (2, sign - first, first % 2)
    }
}
