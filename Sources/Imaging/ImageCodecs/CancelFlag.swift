import CImageCodecs

/// Asks a codec at work on another thread to stop. The codec looks at it between rows and then throws
/// ``CodecError/cancelled``. With a deadline the flag sets itself after a time.
///
/// `@unchecked Sendable`: the pointer never changes after `init`, is freed only when nobody refers to the flag any
/// more, and what it points to is one C11 atomic that is only touched by atomic operations, and a deadline that is
/// written in `init` alone.
@safe public final class CancelFlag: @unchecked Sendable {
    /// Nil where there was no memory for it; such a flag can never be set, and the work then simply ends by itself.
    private let flag: OpaquePointer?

    /// A flag that is not set.
    public init() {
        unsafe flag = tt_cancel_create()
    }

    /// A flag that sets itself once `timeLimit` has passed, counted from now. Not earlier, and some milliseconds later.
    public convenience init(timeLimit: Duration) {
        self.init()
        let (seconds, attoseconds) = timeLimit.components
        let nanoseconds = max(0, min(seconds, 1 << 32)) * 1_000_000_000 + max(0, attoseconds) / 1_000_000_000
        if let flag = unsafe flag { unsafe tt_cancel_set_deadline(flag, UInt64(nanoseconds)) }
    }

    deinit {
        if let flag = unsafe flag { unsafe tt_cancel_destroy(flag) }
    }

    /// Sets the flag, for good.
    public func cancel() {
        if let flag = unsafe flag { unsafe tt_cancel_set(flag) }
    }

    /// Whether ``cancel()`` was called or the time limit has passed.
    public var isCancelled: Bool { unsafe tt_cancel_is_set(flag) }

    /// Whether the time limit has passed without anybody calling ``cancel()``: whoever gets ``CodecError/cancelled``
    /// learns here that the picture took too long, and nobody left.
    public var hasTimedOut: Bool { unsafe tt_cancel_has_timed_out(flag) }

    /// What C polls. Valid while the flag lives: callers keep it alive over the call.
    var pointer: OpaquePointer? { unsafe flag }
}
