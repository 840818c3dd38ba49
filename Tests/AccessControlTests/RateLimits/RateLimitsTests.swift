import TestClock
import Testing

@testable import AccessControl

@Suite("Rate limits")
struct RateLimitsTests {
    private func limits(
        _ text: String, hasCredentials: Bool = true, maximumPlaces: Int = 1 << 12, _ clock: ManualClock = ManualClock()
    ) throws -> RateLimits {
        let rules = try #require(RateLimitRules(parsing: text))
        return try #require(
            RateLimits(rules, hasCredentials: hasCredentials, maximumPlaces: maximumPlaces, clock: clock.clock))
    }

    private let one = RateLimitClient("one")
    private let two = RateLimitClient("two")

    @Test(
        "A burst, then the rate",
        arguments: [("reads=1/1", 1), ("reads=3/10", 10), ("reads=0.5/7", 7), ("reads=1000000/3", 3)])
    func burst(_ text: String, burst: Int) throws {
        let clock = ManualClock()
        let limits = try limits(text, clock)
        let rule = try #require(RateLimitRules(parsing: text)?.rule(for: .reads, hasCredentials: false))
        for number in 1...burst { #expect(limits.take(.reads, for: one) == nil, "\(number)") }
        #expect(limits.take(.reads, for: one) != nil)
        let gap = Duration.seconds(1 / rule.perSecond)
        // A rejected request is not counted.
        for _ in 0..<5 { #expect(limits.take(.reads, for: one) != nil) }
        clock.advance(by: gap * 0.9)
        #expect(limits.take(.reads, for: one) != nil)
        clock.advance(by: gap * 0.2)
        #expect(limits.take(.reads, for: one) == nil)
        #expect(limits.take(.reads, for: one) != nil)
        // However long it waits, the bucket holds no more than the burst.
        clock.advance(by: .seconds(1_000_000))
        for _ in 1...burst { #expect(limits.take(.reads, for: one) == nil) }
        #expect(limits.take(.reads, for: one) != nil)
    }

    @Test("A rejection says how long to wait, and that is right")
    func retryAfter() throws {
        let clock = ManualClock()
        let limits = try limits("writes=0.1/2", clock)
        for _ in 0..<2 { #expect(limits.take(.writes, for: one) == nil) }
        let rejection = try #require(limits.take(.writes, for: one))
        #expect(rejection.kind == .writes && rejection.retryAfter == 10 && rejection.rule.window == 20)
        clock.advance(by: .seconds(9))
        #expect(limits.take(.writes, for: one)?.retryAfter == 1)
        clock.advance(by: .seconds(1))
        #expect(limits.take(.writes, for: one) == nil)
        // A wait of less than a second is said as one: Retry-After has whole seconds.
        let fast = try self.limits("reads=100/1")
        #expect(fast.take(.reads, for: one) == nil)
        #expect(fast.take(.reads, for: one)?.retryAfter == 1)
    }

    @Test("Clients and kinds do not share buckets")
    func apart() throws {
        let limits = try limits("reads=1/1,writes=1/1,failures=1/1")
        #expect(limits.take(.reads, for: one) == nil && limits.take(.reads, for: one) != nil)
        #expect(limits.take(.reads, for: two) == nil)
        #expect(limits.take(.writes, for: one) == nil)
        #expect(limits.take(.failures, for: one) == nil && limits.take(.failures, for: one) != nil)
        #expect(limits.take(pixels: 1 << 40, for: one) == nil, "not limited")
    }

    @Test("A single image may be larger than the burst, and is paid for afterwards")
    func debt() throws {
        let clock = ManualClock()
        let limits = try limits("pixels=10/100", clock)
        #expect(limits.take(pixels: 99, for: one) == nil)
        #expect(limits.take(pixels: 1_001, for: one) == nil, "one pixel was left")
        #expect(limits.take(pixels: 1, for: one)?.retryAfter == 101, "1,000 in debt, and one more")
        clock.advance(by: .seconds(99))
        #expect(limits.take(pixels: 0, for: one) != nil)
        clock.advance(by: .seconds(2))
        #expect(limits.take(pixels: 1, for: one) == nil)
        #expect(limits.take(pixels: 1, for: two) == nil)
    }

    @Test("A debt is never longer than a day beyond the burst")
    func longestDebt() throws {
        let clock = ManualClock()
        let limits = try limits("pixels=1/10", clock)
        #expect(limits.take(pixels: .max, for: one) == nil)
        clock.advance(by: .seconds(86_400))
        #expect(limits.take(pixels: 1, for: one) != nil)
        clock.advance(by: .seconds(1))
        #expect(limits.take(pixels: 1, for: one) == nil)
    }

    @Test("What did not happen is given back")
    func giveBack() throws {
        let limits = try limits("failures=0.001/2")
        for _ in 0..<50 {
            #expect(limits.take(.failures, for: one) == nil)
            limits.giveBack(.failures, for: one)
        }
        // Never more than the burst.
        for _ in 0..<50 { limits.giveBack(.failures, for: one) }
        for _ in 0..<2 { #expect(limits.take(.failures, for: one) == nil) }
        #expect(limits.take(.failures, for: one) != nil)
    }

    @Test("What cannot be rejected is counted")
    func charge() throws {
        let clock = ManualClock()
        let limits = try limits("writes=1/2", clock)
        limits.charge(.writes, 5, for: one)
        clock.advance(by: .seconds(3))
        #expect(limits.take(.writes, for: one) != nil)
        clock.advance(by: .seconds(1))
        #expect(limits.take(.writes, for: one) == nil)
        limits.charge(.reads, for: one)
    }

    @Test("Without a rule nothing is limited, and failed credentials are unless told otherwise")
    func standard() throws {
        #expect(RateLimits(.standard, hasCredentials: false) == nil)
        let limits = try #require(RateLimits(.standard, hasCredentials: true, maximumPlaces: 1_024))
        #expect(
            limits.limits(.failures) && !limits.limits(.reads) && !limits.limits(.writes) && !limits.limits(.pixels))
        for _ in 0..<100 { #expect(limits.take(.failures, for: one) == nil) }
        let off = try #require(RateLimitRules(parsing: "failures=off"))
        #expect(RateLimits(off, hasCredentials: true) == nil)
    }

    // MARK: Memory

    /// A million addresses that ask once each: nobody is rejected for it, memory ends at its limit, and who had used up
    /// his bucket before has not got a new one.
    @Test("A flood of addresses rejects nobody and resets nobody")
    func flood() throws {
        let places = 1 << 12
        let rule = try #require(RateLimitRule(perSecond: 1, burst: 100))
        let buckets = TokenBuckets(rule, maximumPlaces: places)
        let attackers = (0..<20).map { RateLimitClient("attacker \($0)") }
        for attacker in attackers {
            for _ in 0..<100 { #expect(buckets.take(1, hash: attacker.hash, now: 0) == nil) }
            #expect(buckets.take(1, hash: attacker.hash, now: 0) != nil)
        }
        for number in 0..<100_000 {
            #expect(buckets.take(1, hash: RateLimitClient(number).hash, now: 0) == nil)
        }
        #expect(buckets.capacity == places)
        #expect(buckets.count(at: 0) <= places && buckets.count(at: 0) > places * 9 / 10)
        for attacker in attackers { #expect(buckets.take(1, hash: attacker.hash, now: 0) != nil) }
        // A second later all of these are full again, and their places free.
        #expect(buckets.count(at: 1.1) == attackers.count)
    }

    @Test("Half as many clients as places keep their buckets, almost all of them")
    func room() throws {
        let places = 1 << 14
        let rule = try #require(RateLimitRule(perSecond: 1, burst: 1))
        let buckets = TokenBuckets(rule, maximumPlaces: places)
        let clients = (0..<places / 2).map { RateLimitClient($0).hash }
        for client in clients { #expect(buckets.take(1, hash: client, now: 0) == nil) }
        let forgotten = clients.count { buckets.take(1, hash: $0, now: 0) == nil }
        #expect(forgotten < places / 2 / 20, "\(forgotten)")
    }

    @Test("No place is made for a client that has done nothing, and few for a few clients")
    func small() throws {
        let rule = try #require(RateLimitRule(perSecond: 1, burst: 1))
        let buckets = TokenBuckets(rule, maximumPlaces: RateLimits.standardPlaces)
        let capacity = buckets.capacity
        #expect(capacity <= 1_024)
        for number in 0..<1_000_000 {
            buckets.giveBack(1, hash: RateLimitClient(number).hash, now: 0)
        }
        #expect(buckets.capacity == capacity && buckets.count(at: 0) == 0)
        for number in 0..<10_000 {
            // Each is full again before the next one comes.
            #expect(buckets.take(1, hash: RateLimitClient(number).hash, now: Double(2 * number)) == nil)
        }
        #expect(buckets.capacity == capacity)
    }

    @Test("Growing forgets nobody")
    func growing() {
        var shard = BucketShard(maximumSets: 1 << 10)
        let hashes = (0..<500).map { RateLimitClient($0).hash }
        for (number, hash) in hashes.enumerated() {
            shard.set(hash, fullAt: 100 + Double(number), now: 0)
            for (earlier, hash) in hashes[...number].enumerated() {
                #expect(shard.fullAt(hash, now: 0) == 100 + Double(earlier))
            }
        }
        #expect(shard.capacity <= 1 << 13 && shard.count(at: 0) == 500)
    }

    @Test("Threads that take at once take no more than there is")
    func concurrent() async throws {
        let limits = try limits("reads=0.012/1000")
        let client = one
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<400).count { _ in limits.take(.reads, for: client) == nil } }
            }
            return await group.reduce(0, +)
        }
        #expect(taken == 1_000)
    }
}

@Suite("The setting of rate limits")
struct RateLimitRulesTests {
    @Test(
        "Rates and bursts",
        arguments: [
            ("reads=200/400", RateLimitKind.reads, 200.0, 400), ("reads=1/1,writes=10/50", .writes, 10, 50),
            ("writes=10/50, pixels=50000000/200000000", .pixels, 50_000_000, 200_000_000),
            ("failures=0.001/86", .failures, 0.001, 86), ("reads=0.25/1", .reads, 0.25, 1),
            ("reads=1000000000000/1000000000000", .reads, 1e12, 1_000_000_000_000),
            ("reads=1/86400", .reads, 1, 86_400),
        ])
    func valid(_ text: String, _ kind: RateLimitKind, _ rate: Double, _ burst: Int) throws {
        let rules = try #require(RateLimitRules(parsing: text))
        let rule = try #require(rules.rule(for: kind, hasCredentials: true))
        #expect(rule.perSecond == rate && rule.burst == burst)
        #expect(RateLimitRules(parsing: try #require(rules.text)) == rules)
    }

    @Test(
        "What is not understood is an error",
        arguments: [
            "", "reads", "reads=", "reads=1", "reads=1/", "reads=/1", "reads=1/1/1", "reads=-1/1", "reads=+1/1",
            "reads=1e3/1", "reads=0x1/1", "reads=.5/1", "reads=1./1", "reads=0.0001/1", "reads=0/1", "reads=0.000/1",
            "reads=1/0", "reads=1/1.5", "reads=1/86401", "reads=1000000000001/1", "reads=99999999999999/1",
            "reads=1/1000000000001", "reads=1 /1", "Reads=1/1", "read=1/1", "reads=1/1,", ",reads=1/1",
            "reads=1/1,,writes=1/1", "reads=1/1,reads=2/2", "reads=1/1;writes=1/1", "reads=off", "failures=on",
            "failures=off,failures=1/1", "failures=1/1,failures=off", "failures=off,failures=off", "reads=١/1",
        ])
    func invalid(_ text: String) { #expect(RateLimitRules(parsing: text) == nil) }

    @Test("Failures are limited where credentials can fail")
    func failures() throws {
        let plain = try #require(RateLimitRules(parsing: "reads=1/1"))
        #expect(plain.rule(for: .failures, hasCredentials: true) == RateLimitRule(perSecond: 10, burst: 100))
        #expect(plain.rule(for: .failures, hasCredentials: false) == nil)
        #expect(plain.text == "reads=1/1" && RateLimitRules.standard.text == nil)
        let off = try #require(RateLimitRules(parsing: "failures=off,writes=0.5/20"))
        #expect(off.rule(for: .failures, hasCredentials: true) == nil)
        #expect(off.text == "writes=0.5/20,failures=off")
    }
}
