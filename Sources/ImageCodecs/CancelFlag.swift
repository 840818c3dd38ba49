import CImageCodecs

/// Asks a codec at work on another thread to stop. The codec looks at it between rows and then throws
/// ``CodecError/cancelled``.
///
/// `@unchecked Sendable`: the pointer never changes after `init`, is freed only when nobody refers to the flag any
/// more, and what it points to is one C11 atomic that is only touched by atomic operations.
@safe public final class CancelFlag: @unchecked Sendable {
    /// Nil where there was no memory for it; such a flag can never be set, and the work then simply ends by itself.
    private let flag: OpaquePointer?

    /// A flag that is not set.
    public init() {
        unsafe flag = tt_cancel_create()
    }

    deinit {
        if let flag = unsafe flag { unsafe tt_cancel_destroy(flag) }
    }

    /// Sets the flag, for good.
    public func cancel() {
        if let flag = unsafe flag { unsafe tt_cancel_set(flag) }
    }

    /// Whether ``cancel()`` was called.
    public var isCancelled: Bool { unsafe tt_cancel_is_set(flag) }

    /// What C polls. Valid while the flag lives: callers keep it alive over the call.
    var pointer: OpaquePointer? { unsafe flag }
}
