/// The outcome of one request of a probe.
enum RaceOutcome: Sendable, Hashable {
    case won
    /// The condition was checked, and did not hold.
    case lost
    /// The store does not accept a request with such a header at all.
    case rejected
}

/// Judges conditions by requests with a false condition, and by races that only one racer may win. Pure.
struct RaceResult: Sendable, Hashable {
    private var worst = ConditionSupport.atomic
    private var races = 0

    init() {}

    /// As an earlier probe has found it.
    init(settled support: ConditionSupport) {
        worst = support
        races = 1
    }

    /// One request whose condition does not hold.
    mutating func addFalseCondition(_ outcome: RaceOutcome) {
        switch outcome {
        case .won: worst = worst.worse(.ignored)
        case .lost: break
        case .rejected: worst = worst.worse(.rejected)
        }
    }

    /// Adds the racers of one race. A winner with a lost answer looks like a loser, so it is fine if none wins.
    mutating func addRace(_ outcomes: [RaceOutcome]) {
        races += 1
        if outcomes.count(where: { $0 == .won }) > 1 { worst = worst.worse(.raced) }
        if outcomes.contains(.rejected) { worst = worst.worse(.rejected) }
    }

    /// Whether races can still change the result: a store that ignores a condition needs no race.
    var needsRaces: Bool { worst == .atomic && races == 0 }

    /// Without a race, atomicity is not assumed.
    var support: ConditionSupport { needsRaces ? .raced : worst }
}

extension ConditionSupport {
    /// The worse of two results.
    func worse(_ other: ConditionSupport) -> ConditionSupport {
        let order: [ConditionSupport] = [.atomic, .raced, .ignored, .rejected]
        return order.last { $0 == self || $0 == other } ?? self
    }
}
