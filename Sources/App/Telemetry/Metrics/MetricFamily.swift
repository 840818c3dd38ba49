/// All series of one name.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    let kind: Kind
    private(set) var series: [LabelSet: any Series] = [:]

    init(kind: Kind) {
        self.kind = kind
    }

    /// The series of these labels; beyond the limit, the common one for all others.
    mutating func series<S: Series>(_ labels: LabelSet, limit: Int, make: () -> S) -> S {
        let place = series[labels] == nil && series.count >= limit ? labels.overflow : labels
        if let known = series[place] {
            // Another implementation of the same kind (whole and fractional counters of one name). It is counted but
            // not shown, like two kinds of one name.
            return known as? S ?? make()
        }
        let made = make()
        series[place] = made
        return made
    }
}
