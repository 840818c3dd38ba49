/// The labels of a series, in the form in which they are written and compared: sorted, each name once and well formed.
struct LabelSet: Hashable, Sendable {
    struct Label: Hashable, Sendable {
        let name: String
        let value: String
    }

    let labels: [Label]

    init(_ dimensions: [(String, String)]) {
        var seen: [String: String] = [:]
        for (name, value) in dimensions {
            seen[MetricName.label(name)] = String(value.prefix(Self.longestValue))
        }
        labels = seen.sorted { $0.key < $1.key }.map { Label(name: $0.key, value: $0.value) }
    }

    /// The same names with one common value: for the label sets after a metric has its maximum of series.
    var overflow: LabelSet {
        LabelSet(labels.map { ($0.name, Self.overflowValue) })
    }

    static let overflowValue = "other"
    /// Longer values are cut: labels are for names, not for texts.
    private static let longestValue = 128
}
