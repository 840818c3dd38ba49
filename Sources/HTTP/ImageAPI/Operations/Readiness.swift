import NIOConcurrencyHelpers
public import ObjectStorage

/// Whether this process should get requests. There are a few named checks. Each runs anew for every report.
public final class Readiness: Sendable {
    /// The names of the checks, for `?exclude=`.
    public enum Check: String, Sendable, CaseIterable {
        /// The process has started, and the store has been probed.
        case start
        /// The store answers now.
        case storage
        /// Work does not wait too long.
        case queue
        /// The process has not been told to stop.
        case draining
    }

    /// The result of the checks.
    public struct Report: Sendable {
        /// The failed checks, with the reason for an operator.
        public var failures: [(check: Check, reason: String)]
        /// What an operator should know although it does not affect readiness.
        public var warnings: [String]
        /// Whether every check passes.
        public var isReady: Bool { failures.isEmpty }
    }

    private struct State {
        var hasStarted = false
        var isDraining = false
    }

    private let state = NIOLockedValueBox(State())
    private let askStorage: @Sendable () async -> StorageError?
    private let oldestQueuedSeconds: @Sendable () -> Double
    private let warnings: @Sendable () -> [String]

    /// If work has waited this long, in seconds, new requests should go elsewhere.
    private static let timeout = 5.0
    /// A store that has not answered by then counts as unavailable. Kubernetes' probes have little more time
    /// themselves.
    private static let storageLimit = Duration.seconds(2)

    /// - Parameters:
    ///   - askStorage: Sends one cheap request to the store; nil if it answers.
    ///   - oldestQueuedSeconds: How long the first job in the queue has waited.
    ///   - warnings: What an operator should know although the process is ready.
    public init(
        askStorage: @escaping @Sendable () async -> StorageError?,
        oldestQueuedSeconds: @escaping @Sendable () -> Double, warnings: @escaping @Sendable () -> [String]
    ) {
        self.askStorage = askStorage
        self.oldestQueuedSeconds = oldestQueuedSeconds
        self.warnings = warnings
    }

    /// The store has been reached and probed.
    public func started() {
        state.withLockedValue { $0.hasStarted = true }
    }

    /// The process has been told to stop.
    public func drain() {
        state.withLockedValue { $0.isDraining = true }
    }

    /// Runs every check that is not excluded.
    public func report(excluding excluded: Set<Check> = []) async -> Report {
        var failures: [(check: Check, reason: String)] = []
        let state = state.withLockedValue { $0 }
        for check in Check.allCases where !excluded.contains(check) {
            switch check {
            case .start: if !state.hasStarted { failures.append((check, "the store has not been reached yet")) }
            case .storage: if let reason = await storageError() { failures.append((check, reason)) }
            case .queue:
                let seconds = oldestQueuedSeconds()
                if seconds > Self.timeout { failures.append((check, "work waits for \(Int(seconds)) s")) }
            case .draining: if state.isDraining { failures.append((check, "the process is ending")) }
            }
        }
        return Report(failures: failures, warnings: warnings())
    }

    private func storageError() async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { [askStorage] in await askStorage()?.description }
            group.addTask {
                // Cancelled as soon as the store has answered.
                try? await Task.sleep(for: Self.storageLimit)
                return "storage: no answer within \(Self.storageLimit)"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
