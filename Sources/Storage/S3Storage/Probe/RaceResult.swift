/// How one request of a probe came out.
enum RaceOutcome: Sendable, Hashable {
    case won
    /// The condition was looked at, and did not hold.
    case lost
    /// The store does not take a request with such a header at all.
    case refused
}

/// Judges conditions by requests whose condition is false, and by races in which one racer alone may win. Pure.
struct RaceResult: Sendable, Hashable {
    private var worst = ConditionSupport.atomic
    private var races = 0

    init() {}

    /// As an earlier probe has settled it.
    init(settled support: ConditionSupport) {
        worst = support
        races = 1
    }

    /// One request whose condition does not hold.
    mutating func addFalseCondition(_ outcome: RaceOutcome) {
        switch outcome {
        case .won: worst = worst.worse(.ignored)
        case .lost: break
        case .refused: worst = worst.worse(.refused)
        }
    }

    /// The racers of one race. A winner whose answer is lost looks like a loser, so none may win as well.
    mutating func addRace(_ outcomes: [RaceOutcome]) {
        races += 1
        if outcomes.count(where: { $0 == .won }) > 1 { worst = worst.worse(.raced) }
        if outcomes.contains(.refused) { worst = worst.worse(.refused) }
    }

    /// Whether races can still change anything: a store that does not look at a condition need not be raced.
    var needsRaces: Bool { worst == .atomic && races == 0 }

    /// What has not been raced is not relied upon.
    var support: ConditionSupport { needsRaces ? .raced : worst }
}

extension ConditionSupport {
    /// The worse of two findings.
    func worse(_ other: ConditionSupport) -> ConditionSupport {
        let order: [ConditionSupport] = [.atomic, .raced, .ignored, .refused]
        return order.last { $0 == self || $0 == other } ?? self
    }
}
