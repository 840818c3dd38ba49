import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What all connections of one listener share.
final class ListenerCore<Context: Sendable>: Sendable {
    let configuration: ListenerConfiguration
    let logger: Logger
    let hooks: ListenerHooks<Context>
    let respond: @Sendable (Request, Context) async throws -> Response
    let makeContext: @Sendable (ServerRequestSource) -> Context
    let date: HTTPDateCache
    let requestIDs = RequestIDs()
    let drain = DrainState()
    /// Counts open connections and running requests, those too whose client has left.
    let activity = ActivityCount()

    init(
        configuration: ListenerConfiguration,
        logger: Logger,
        hooks: ListenerHooks<Context>,
        date: HTTPDateCache = HTTPDateCache(),
        makeContext: @escaping @Sendable (ServerRequestSource) -> Context,
        respond: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.configuration = configuration
        self.logger = logger
        self.hooks = hooks
        self.date = date
        self.makeContext = makeContext
        self.respond = respond
    }
}

/// Makes request ids: a counter that starts anywhere, scrambled one to one, so that no id comes twice in a process and
/// two replicas hardly ever share one.
final class RequestIDs: Sendable {
    private let counter = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    /// The next id: 16 hexadecimal digits.
    func next() -> String {
        // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), a bijection.
        var value = self.counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        return String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
                digits[index] = nibble < 10 ? 48 + nibble : 87 + nibble
            }
            return 16
        }
    }
}
