/// How one racer of a probe came out.
enum RaceOutcome: Sendable, Hashable {
    case won
    /// The condition was looked at, and did not hold.
    case lost
    /// The store does not take a request with such a header at all.
    case refused
}

/// Judges races in which one racer alone may win. Pure.
struct RaceVerdict: Sendable, Hashable {
    private var rounds = 0
    private var roundsWithOneWinner = 0
    private var roundsWonByAll = 0
    private var isRefused = false

    /// A winner whose answer is lost looks like a loser, so a round without a winner proves nothing.
    mutating func add(_ outcomes: [RaceOutcome]) {
        let winners = outcomes.count { $0 == .won }
        rounds += 1
        if winners <= 1 { roundsWithOneWinner += 1 }
        if winners == outcomes.count { roundsWonByAll += 1 }
        if outcomes.contains(.refused) { isRefused = true }
    }

    /// Nothing seen yet counts as ignored: what is not known is not relied upon.
    var support: ConditionSupport {
        if isRefused { return .refused }
        if rounds == 0 || roundsWonByAll == rounds { return .ignored }
        return roundsWithOneWinner == rounds ? .atomic : .raced
    }
}

extension ConditionSupport {
    /// The worse of two findings.
    func worse(_ other: ConditionSupport) -> ConditionSupport {
        let order: [ConditionSupport] = [.atomic, .raced, .ignored, .refused]
        return order.last { $0 == self || $0 == other } ?? self
    }
}
