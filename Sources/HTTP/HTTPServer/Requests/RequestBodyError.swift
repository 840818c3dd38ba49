/// Why a request's body ended early. The body's iterator throws it.
public enum RequestBodyError: Error, Equatable {
    /// The client sent no byte for `ListenerConfiguration.bodyTimeout` while the server waited for one: 408.
    case timedOut
    /// The client sent fewer bytes per second than this while the server waited for it: 408.
    case tooSlow(bytesPerSecond: Int)
    /// The client closed its side of the connection, or the connection was cut: 499. There is nobody to answer.
    case clientLeft
    /// What the client sent is not HTTP, for example a chunk without a valid size: 400.
    case malformed
    /// The body's framing breaks a limit: 400.
    case rejected(reason: String)
}
