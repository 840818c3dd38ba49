import Logging
import NIOCore

/// Handles connections that cannot be accepted, usually because file descriptors run out. The listener waits, and logs
/// that from time to time.
final class AcceptErrorHandler {
    /// The delay before the next try. Short, because descriptors become free all the time; long enough to cost nothing.
    static let pause = TimeAmount.milliseconds(200)
    private static let silence = TimeAmount.seconds(60)

    private let logger: Logger
    private let now: () -> NIODeadline
    private var saidAt: NIODeadline?

    init(_ logger: Logger, now: @escaping () -> NIODeadline = { .now() }) {
        self.logger = logger
        self.now = now
    }

    func pause(after error: IOError) -> TimeAmount? {
        let now = self.now()
        if self.saidAt.map({ now - $0 >= Self.silence }) ?? true {
            self.saidAt = now
            self.logger.warning(
                "connections cannot be accepted", metadata: ["error": "\(error)", "errno": "\(error.errnoCode)"])
        }
        return Self.pause
    }
}
