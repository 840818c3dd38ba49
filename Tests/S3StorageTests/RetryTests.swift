import ObjectStorage
import Testing

@testable import S3Storage

@Suite struct RetryTests {
    private struct Broken: Error {}

    private let policy = RetryPolicy()

    @Test func requestsThatReachedTheStoreAreRepeatedOnlyIfSafe() {
        let broken = S3RequestError.Kind.transport(untouched: false, Broken())
        #expect(policy.allowsRetry(after: broken, of: .always, tries: 1))
        #expect(!policy.allowsRetry(after: broken, of: .ifUntouched, tries: 1))
        #expect(policy.allowsRetry(after: .timedOut, of: .always, tries: 1))
        #expect(!policy.allowsRetry(after: .timedOut, of: .ifUntouched, tries: 1))
    }

    @Test func requestsThatNeverReachedTheStoreAreRepeated() {
        let refused = S3RequestError.Kind.transport(untouched: true, Broken())
        #expect(policy.allowsRetry(after: refused, of: .ifUntouched, tries: 1))
        #expect(policy.allowsRetry(after: .noCredentials(Broken()), of: .ifUntouched, tries: 1))
    }

    @Test(arguments: [
        (S3Error(status: 503, code: "SlowDown"), true, true),
        (S3Error(status: 500, code: "InternalError"), true, false),
        (S3Error(status: 503), true, false), (S3Error(status: 429), true, true),
        (S3Error(status: 200, code: "InternalError"), true, false),
        (S3Error(status: 400, code: "RequestTimeout"), true, false),
        (S3Error(status: 404, code: "NoSuchKey"), false, false), (S3Error(status: 412), false, false),
        (S3Error(status: 403, code: "AccessDenied"), false, false), (S3Error(status: 501), false, false),
        (S3Error(status: 507), false, false), (S3Error(status: 409), false, false),
    ])
    func errorAnswers(_ error: S3Error, _ always: Bool, _ ifUntouched: Bool) {
        #expect(policy.allowsRetry(after: .errorAnswer(error), of: .always, tries: 1) == always)
        #expect(policy.allowsRetry(after: .errorAnswer(error), of: .ifUntouched, tries: 1) == ifUntouched)
    }

    @Test func answersThatCannotBeReadAreNotRepeated() {
        #expect(!policy.allowsRetry(after: .badAnswer("x"), of: .always, tries: 1))
        #expect(!policy.allowsRetry(after: .cancelled, of: .always, tries: 1))
    }

    @Test func triesAreBounded() {
        #expect(policy.allowsRetry(after: .timedOut, of: .always, tries: policy.maximumTries - 1))
        #expect(!policy.allowsRetry(after: .timedOut, of: .always, tries: policy.maximumTries))
    }

    @Test func pausesDoubleUpToTheCeiling() {
        #expect(policy.pause(after: 1, random: 0.5) == .milliseconds(25))
        #expect(policy.pause(after: 2, random: 0.5) == .milliseconds(50))
        #expect(policy.pause(after: 3, random: 0.5) == .milliseconds(100))
        #expect(policy.pause(after: 60, random: 0.5) == .seconds(1))
        #expect(policy.pause(after: 3, random: 0) == .zero)
    }

    @Test func theRetryBudgetIsUsedUpAndRefilled() throws {
        var budget = RetryBudget()
        var taken = 0
        while budget.take(afterTimeout: true) != nil { taken += 1 }
        #expect(taken == RetryBudget.capacity / RetryBudget.timeoutPrice)
        #expect(budget.take(afterTimeout: false) == nil)
        for _ in 0..<RetryBudget.retryPrice { budget.payBack(nil) }
        #expect(budget.take(afterTimeout: false) == RetryBudget.retryPrice)
        #expect(budget.tokens == 0)
    }

    /// A store that sometimes loses a response, but does its work, never uses up the budget.
    @Test func successfulRetriesCostNothing() throws {
        var budget = RetryBudget()
        for _ in 0..<10_000 {
            let price = budget.take(afterTimeout: false)
            try #require(price != nil)
            budget.payBack(price)
        }
        #expect(budget == RetryBudget())
        budget.payBack(nil)
        #expect(budget.tokens == RetryBudget.capacity)
    }
}
