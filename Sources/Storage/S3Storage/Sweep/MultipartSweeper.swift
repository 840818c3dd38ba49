import Logging
import ObjectStorage
public import TaskSupport

/// Sweeps unfinished uploads regularly, beside the server. Every replica may run one: two may abort the same upload.
public struct MultipartSweeper: Sendable {
    private let storage: S3Storage
    private let age: Duration
    private let interval: Duration
    private let clock: MonotonicClock

    /// - Parameters:
    ///   - age: uploads that were begun longer ago are aborted.
    ///   - interval: from one sweep to the next; nil: a quarter of the age, at least 1 s and at most an hour.
    ///   - clock: what the interval goes by.
    public init(_ storage: S3Storage, age: Duration, interval: Duration? = nil, clock: MonotonicClock = .continuous) {
        self.storage = storage
        self.age = age
        self.clock = clock
        self.interval = interval ?? min(max(age / 4, .seconds(1)), .seconds(3600))
    }

    /// Sweeps at once and then after every interval, until the task is cancelled. A sweep that fails is logged; the
    /// next one makes up for it.
    public func run() async {
        while !Task.isCancelled {
            do {
                let report = try await storage.sweepUploads(olderThan: age)
                if report != SweepReport() {
                    storage.logger.info(
                        "unfinished uploads swept",
                        metadata: [
                            "aborted": "\(report.abortedUploads)", "markers": "\(report.removedMarkers)",
                            "failures": "\(report.failures)",
                        ])
                }
            } catch  where error.code != .cancelled {
                storage.logger.warning(
                    "unfinished uploads could not be listed", metadata: ["error": "\(error.debugDescription)"])
            } catch {
                return
            }
            // A little apart from one another, so that replicas that started together do not sweep together.
            guard (try? await clock.pause(for: interval * Double.random(in: 0.8...1.2))) != nil else { return }
        }
    }
}
