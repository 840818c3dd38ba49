/// Names according to Prometheus' data model, https://prometheus.io/docs/concepts/data_model/.
enum MetricName {
    /// A metric's name: swift-metrics' labels use dots, `http.server.requests`, which become underscores.
    static func metric(_ text: String, suffix: String = "") -> String {
        let name = clean(text, allowing: UInt8(ascii: ":"))
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// A label's name. `le` is reserved for buckets, and two leading underscores for Prometheus.
    static func label(_ text: String) -> String {
        let name = clean(text, allowing: nil)
        return name == "le" || name.hasPrefix("__") ? "exported_" + name : name
    }

    private static func clean(_ text: String, allowing extra: UInt8?) -> String {
        var bytes = text.utf8.map { byte in
            isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == extra ? byte : UInt8(ascii: "_")
        }
        if bytes.first.map(isDigit) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
