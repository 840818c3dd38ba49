/// The text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/.
struct Exposition {
    private(set) var text = ""

    mutating func append(_ family: MetricFamily, named name: String, help: String?) {
        header(name, family.kind, help)
        let ordered = family.series.sorted { Self.precedes($0.key, $1.key) }
        for (labels, series) in ordered {
            for sample in series.samples() {
                line(name + sample.suffix, labels, sample)
            }
        }
    }

    /// A family of one series without labels.
    mutating func append(_ name: String, _ kind: MetricFamily.Kind, help: String, _ value: Sample.Value) {
        header(name, kind, help)
        line(name, LabelSet([]), Sample(value: value))
    }

    private mutating func header(_ name: String, _ kind: MetricFamily.Kind, _ help: String?) {
        if let help { text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: LabelSet, _ sample: Sample) {
        text += name
        var pairs = labels.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
        if let bound = sample.bound { pairs.append("le=\"\(Self.number(bound))\"") }
        if !pairs.isEmpty { text += "{\(pairs.joined(separator: ","))}" }
        switch sample.value {
        case .integer(let value): text += " \(value)\n"
        case .number(let value): text += " \(Self.number(value))\n"
        }
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        // Like other exporters: 0 and 1024 for 0.0 and 1024.0.
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description
    }

    /// Backslash and line feed are escaped everywhere, the quote in label values only.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func precedes(_ left: LabelSet, _ right: LabelSet) -> Bool {
        left.labels.lexicographicallyPrecedes(right.labels) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}
