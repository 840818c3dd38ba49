/// The beginning of EXIF: the letters `Exif`, a zero, a byte of padding, then a TIFF block (Exif 2.32, 4.7.2.A). By the
/// standard the padding is a zero. Readers ignore it, so other values occur.
enum ExifHeader {
    /// The correct header, with which an APP1 segment begins. Some writers put it into other formats too.
    static let signature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    /// The TIFF block after the header of an APP1 payload; nil if there is no header.
    ///
    /// As in exiftool: any padding, letters of either case, and up to four bytes before it.
    static func tiff(jpeg bytes: RawSpan, _ payload: Range<Int>) -> Range<Int>? {
        for garbage in stride(from: 4, through: 0, by: -1) {
            let start = payload.lowerBound + garbage
            guard start + signature.count <= payload.upperBound, isHeader(bytes, at: start) else { continue }
            return start + signature.count..<payload.upperBound
        }
        return nil
    }

    /// The TIFF block in a chunk that should begin with it, but may begin with the header.
    static func tiff(chunk bytes: RawSpan, _ data: Range<Int>) -> Range<Int> {
        guard data.count > signature.count, bytes.has(signature, at: data.lowerBound) else { return data }
        return data.lowerBound + signature.count..<data.upperBound
    }

    /// The same, with a header in any spelling: for filters, which must not miss it.
    static func anyTIFF(chunk bytes: RawSpan, _ data: Range<Int>) -> Range<Int> {
        tiff(jpeg: bytes, data) ?? data
    }

    /// Whether a range begins as a TIFF block does: `II` or `MM`.
    static func isTIFF(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard range.count >= 8 else { return false }
        let mark = bytes.bigEndian16(at: range.lowerBound)
        return mark == 0x4949 || mark == 0x4D4D
    }

    /// Whether a payload continues an EXIF block that was too long for one segment, as exiftool writes it: after the
    /// header there is no TIFF block.
    static func isContinuation(jpeg bytes: RawSpan, _ payload: Range<Int>) -> Bool {
        guard bytes.has(signature, at: payload.lowerBound), payload.count >= signature.count else { return false }
        let start = payload.lowerBound + signature.count
        return !bytes.has([0x4D, 0x4D, 0, 42], at: start) && !bytes.has([0x49, 0x49, 42, 0], at: start)
    }

    private static func isHeader(_ bytes: RawSpan, at start: Int) -> Bool {
        let letters: [UInt8] = [0x65, 0x78, 0x69, 0x66]
        return letters.indices.allSatisfy { bytes.byte(at: start + $0) | 0x20 == letters[$0] }
            && bytes.byte(at: start + 4) == 0
    }
}
