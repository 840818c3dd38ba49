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

    /// The series of these labels; beyond the limit the one that stands for all the others.
    mutating func series<S: Series>(_ labels: LabelSet, limit: Int, make: () -> S) -> S {
        let place = series[labels] == nil && series.count >= limit ? labels.overflow : labels
        if let known = series[place] {
            // Another implementation under the same kind (whole and fractional counters of one name): counted unseen,
            // as two kinds of one name are.
            return known as? S ?? make()
        }
        let made = make()
        series[place] = made
        return made
    }
}
