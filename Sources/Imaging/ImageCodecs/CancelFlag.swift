import CImageCodecs

/// Asks a codec on another thread to stop. The codec checks it between rows and then throws ``CodecError/cancelled``.
/// With a deadline, the flag sets itself.
///
/// `@unchecked Sendable`: the pointer never changes after `init` and is freed only when nobody refers to the flag any
/// more. It points to one C11 atomic, which is only used with atomic operations, and a deadline, which only `init`
/// writes.
@safe public final class CancelFlag: @unchecked Sendable {
    /// Nil if there was no memory for it; such a flag can never be set, and the work then ends by itself.
    private let flag: OpaquePointer?

    /// A flag that is not set.
    public init() {
        unsafe flag = tt_cancel_create()
    }

    /// A flag that sets itself after `timeLimit`, from now. Never earlier, but some milliseconds later.
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

    /// Whether the time limit has passed without a call of ``cancel()``. It tells the receiver of
    /// ``CodecError/cancelled`` that the picture took too long, and that nobody has left.
    public var hasTimedOut: Bool { unsafe tt_cancel_has_timed_out(flag) }

    /// The pointer that C polls. Valid while the flag lives: callers must keep it alive during the call.
    var pointer: OpaquePointer? { unsafe flag }
}
