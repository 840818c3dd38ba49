import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore

/// The counters and timers of one store. Made when first needed, so that only operations that occur are shown.
final class StorageMeter: Sendable {
    private let logger: Logger
    private let uptime: @Sendable () -> UInt64
    private let requests = NIOLockedValueBox<[[String]: Counter]>([:])
    private let durations = NIOLockedValueBox<[String: Timer]>([:])
    private let readBytes: Counter
    private let writtenBytes: Counter
    private let factory: any MetricsFactory

    init(logger: Logger, factory: any MetricsFactory, uptime: @escaping @Sendable () -> UInt64) {
        self.logger = logger
        self.factory = factory
        self.uptime = uptime
        let label = "tintype_storage_bytes_total"
        self.readBytes = Counter(label: label, dimensions: [("direction", "read")], factory: factory)
        self.writtenBytes = Counter(label: label, dimensions: [("direction", "written")], factory: factory)
    }

    func measure<Value>(
        _ operation: StorageError.Operation, _ call: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let start = uptime()
        defer { timer(operation.rawValue).recordNanoseconds(Int64(clamping: uptime() &- start)) }
        do {
            let value = try await call()
            counter(operation.rawValue, "ok").increment()
            return value
        } catch {
            counter(operation.rawValue, error.code.rawValue).increment()
            log(error)
            throw error
        }
    }

    func countWritten(_ count: Int) {
        writtenBytes.increment(by: count)
    }

    /// The same body, with its bytes and its end counted.
    func measured(_ body: ObjectBody) -> ObjectBody {
        ObjectBody { [self] in
            var iterator = body.makeAsyncIterator()
            return {
                do {
                    guard let chunk = try await iterator.next() else {
                        self.counter("read", "ok").increment()
                        return nil
                    }
                    self.readBytes.increment(by: chunk.readableBytes)
                    return chunk
                } catch {
                    let code = (error as? StorageError)?.code.rawValue ?? "other"
                    self.counter("read", code).increment()
                    if let error = error as? StorageError { self.log(error) }
                    throw error
                }
            }
        }
    }

    private func log(_ error: StorageError) {
        logger.debug(
            "Storage call failed",
            metadata: ["operation": "\(error.operation.rawValue)", "error": "\(String(reflecting: error))"]
        )
    }

    private func counter(_ operation: String, _ outcome: String) -> Counter {
        requests.withLockedValue { counters in
            if let known = counters[[operation, outcome]] { return known }
            let made = Counter(
                label: "tintype_storage_requests_total",
                dimensions: [("operation", operation), ("outcome", outcome)], factory: factory
            )
            counters[[operation, outcome]] = made
            return made
        }
    }

    private func timer(_ operation: String) -> Timer {
        durations.withLockedValue { timers in
            if let known = timers[operation] { return known }
            let made = Timer(
                label: "tintype_storage_request_duration_seconds",
                dimensions: [("operation", operation)], preferredDisplayUnit: .seconds, factory: factory
            )
            timers[operation] = made
            return made
        }
    }
}
