import Foundation
import NIOConcurrencyHelpers
import TaskSupport
import TestClock
import Testing

@testable import ImageService

/// A client with a thousand connections that listed images once delayed all other clients: hits took seconds, a PUT
/// took 30 s, and readiness failed.
@Suite struct ListingAdmissionTests {
    /// Listings that wait until the test lets them continue.
    private final class Held: Sendable {
        private struct State {
            var running = 0
            var waiters: [CheckedContinuation<Void, Never>] = []
            var isOpen = false
        }

        private let state = NIOLockedValueBox(State())

        var running: Int { state.withLockedValue { $0.running } }

        func read() async {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLockedValue { state in
                    state.running += 1
                    if !state.isOpen { state.waiters.append(continuation) }
                    return state.isOpen
                }
                if goesOn { continuation.resume() }
            }
        }

        func letGo() {
            let waiters = state.withLockedValue { state in
                state.isOpen = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    private static let first = ClientIdentity.ipv4(1)
    private static let second = ClientIdentity.ipv4(2)

    private func isRejected(_ result: Result<Int, ServiceError>) -> Bool {
        if case .failure(.overloaded) = result { true } else { false }
    }

    /// A clock that counts the pauses after a rejection and ends them at once. Longer waits never end.
    private final class Pauses: Sendable {
        private let start = ContinuousClock.now
        private let counted = NIOLockedValueBox(0)

        var count: Int { counted.withLockedValue { $0 } }

        var clock: MonotonicClock {
            MonotonicClock(now: { self.start }) { until in
                guard until <= self.start + ListingAdmission.rejectionDelay else { return try await untilCancelled() }
                self.counted.withLockedValue { $0 += 1 }
            }
        }
    }

    private func list(
        _ permits: ListingAdmission, _ held: Held, for requester: ClientIdentity, limit: Int = 1
    ) async -> Result<Int, ServiceError> {
        do throws(ServiceError) {
            return .success(
                try await permits.run(limit: limit, for: requester) { () async throws(ServiceError) in
                    await held.read()
                    return 1
                } finish: {
                    $0 + 1
                })
        } catch {
            return .failure(error)
        }
    }

    @Test func listingsBeyondTheLimitsWaitAndThenAreRejected() async {
        let pauses = Pauses()
        let permits = ListingAdmission(timeout: .seconds(600), clock: pauses.clock)
        let held = Held()
        let most = ListingAdmission.running + ListingAdmission.waiting
        await withTaskGroup(of: Result<Int, ServiceError>.self) { group in
            for _ in 0..<(most + 10) { group.addTask { await self.list(permits, held, for: Self.first) } }
            // The rejected listings end first.
            for _ in 0..<10 {
                let result = await group.next()
                #expect(result.map(self.isRejected) == true)
            }
            // Each rejection comes only after a pause, so that an immediate retry gains nothing.
            #expect(pauses.count == 10)
            #expect(held.running == ListingAdmission.running)
            held.letGo()
            for await result in group {
                let succeeded = if case .success(2) = result { true } else { false }
                #expect(succeeded)
            }
        }
    }

    @Test func aClientWithManyListingsIsDisplacedByAnother() async {
        let pauses = Pauses()
        let permits = ListingAdmission(timeout: .seconds(600), clock: pauses.clock)
        let held = Held()
        let most = ListingAdmission.running + ListingAdmission.waiting
        await withTaskGroup(of: Result<Int, ServiceError>.self) { group in
            for _ in 0..<(most + 1) { group.addTask { await self.list(permits, held, for: Self.first) } }
            let rejected = await group.next()
            #expect(rejected.map(self.isRejected) == true)
            // The queue is full and another client comes: the newest listing of the first client is rejected.
            group.addTask { await self.list(permits, held, for: Self.second) }
            let displaced = await group.next()
            #expect(displaced.map(self.isRejected) == true)
            held.letGo()
            for await result in group {
                let succeeded = if case .success(2) = result { true } else { false }
                #expect(succeeded)
            }
        }
    }

    /// Encoding a thousand names as JSON takes some milliseconds. Every socket of an event loop would wait for that.
    @Test func pagesAreEncodedOutsideTheEventLoop() async throws {
        let permits = ListingAdmission()
        let name = try await permits.run(limit: 1000, for: Self.first) { () async throws(ServiceError) in
            1
        } finish: { _ in
            (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
        }
        #expect(name.hasPrefix("listing"))
    }
}
