/// The limits of the setting RATE_LIMITS: `reads=200/400,writes=10/50`, for each kind a rate a second and a burst.
public struct RateLimitRules: Sendable, Hashable {
    private var rules: [RateLimitKind: RateLimitRule]
    /// `failures=off`.
    private let allowsFailures: Bool

    /// Nothing is set.
    public static let standard = RateLimitRules(rules: [:], allowsFailures: false)

    private init(rules: [RateLimitKind: RateLimitRule], allowsFailures: Bool) {
        self.rules = rules
        self.allowsFailures = allowsFailures
    }

    /// What ``init(parsing:)`` reads, as the end of a sentence that begins with "expected".
    public static let form =
        "reads=RATE/BURST, writes=RATE/BURST, pixels=RATE/BURST and failures=RATE/BURST or failures=off, each at most once, "
        + "with commas between them; RATE is a number a second from 0.001 to 1000000000000 with at most three decimals, "
        + "BURST a whole number from 1 to 1000000000000, and at most what the rate gives in a day (86400 s)"

    /// Nil if the text does not have the form of ``form``.
    public init?(parsing text: String) {
        var rules: [RateLimitKind: RateLimitRule] = [:]
        var allowsFailures = false
        for entry in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let parts = Self.trimmed(entry).split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let kind = RateLimitKind(rawValue: String(decoding: parts[0], as: UTF8.self)),
                rules[kind] == nil, kind != .failures || !allowsFailures
            else { return nil }
            if kind == .failures, parts[1].elementsEqual("off".utf8) {
                allowsFailures = true
                continue
            }
            guard let rule = Self.rule(parts[1]) else { return nil }
            rules[kind] = rule
        }
        self.init(rules: rules, allowsFailures: allowsFailures)
    }

    /// The rule for a kind; nil: it is not limited.
    ///
    /// - Parameter hasCredentials: failed credentials are limited without being named, if there can be any.
    public func rule(for kind: RateLimitKind, hasCredentials: Bool) -> RateLimitRule? {
        guard kind == .failures else { return rules[kind] }
        return hasCredentials && !allowsFailures ? rules[kind] ?? .failures : nil
    }

    /// The text that ``init(parsing:)`` reads; nil if nothing is set.
    public var text: String? {
        var entries = RateLimitKind.allCases.compactMap { kind in
            rules[kind].map { "\(kind.rawValue)=\(Self.text($0.perSecond))/\($0.burst)" }
        }
        if allowsFailures { entries.append("failures=off") }
        return entries.isEmpty ? nil : entries.joined(separator: ",")
    }

    private static func trimmed(_ entry: Substring.UTF8View) -> Substring.UTF8View {
        var entry = entry
        while entry.first == UInt8(ascii: " ") { entry.removeFirst() }
        while entry.last == UInt8(ascii: " ") { entry.removeLast() }
        return entry
    }

    private static func rule(_ text: Substring.UTF8View) -> RateLimitRule? {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let rate = thousandths(parts[0]), let burst = digits(parts[1]) else { return nil }
        return RateLimitRule(perSecond: Double(rate) / 1_000, burst: burst)
    }

    /// A number with at most three decimals, times 1,000. Other spellings of numbers (`1e3`, `.5`, `+1`) are not taken.
    private static func thousandths(_ text: Substring.UTF8View) -> Int? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap(digits) else { return nil }
        guard parts.count == 2 else { return whole * 1_000 }
        guard (1...3).contains(parts[1].count), var decimals = digits(parts[1]) else { return nil }
        for _ in parts[1].count..<3 { decimals *= 10 }
        return whole * 1_000 + decimals
    }

    private static func digits(_ text: Substring.UTF8View) -> Int? {
        guard (1...13).contains(text.count), text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }

    private static func text(_ rate: Double) -> String {
        let thousandths = Int((rate * 1_000).rounded())
        let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 1_000)
        guard rest > 0 else { return String(whole) }
        var decimals = String(rest + 1_000).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }
}
