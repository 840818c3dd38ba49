/// IPTC's records (IPTC-NAA Information Interchange Model 4.1, chapter 1, part 2): one dataset after the other.
enum IPTCRecords {
    /// Calls `body` with record, number and value range of each dataset: 0x1C, record, number, two bytes of length,
    /// value. Ends at any other byte.
    static func forEach(_ records: RawSpan, _ body: (_ record: Int, _ number: Int, _ value: Range<Int>) -> Void) {
        var at = 0
        while at <= records.byteCount - 5, records.byte(at: at) == 0x1C, let length = records.bigEndian16(at: at + 3) {
            // A length of more than 32,767 is coded differently, which none of our texts needs.
            let start = at + 5
            guard length < 1 << 15, length <= records.byteCount - start else { break }
            body(Int(records.byte(at: at + 1)), Int(records.byte(at: at + 2)), start..<start + length)
            at = start + length
        }
    }
}
