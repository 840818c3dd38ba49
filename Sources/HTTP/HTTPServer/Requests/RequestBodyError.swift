/// Why a request's body ended before its end: thrown by the body's iterator.
public enum RequestBodyError: Error, Equatable {
    /// The client sent no byte for `ListenerConfiguration.bodyTimeout` while one was waited for: 408.
    case timedOut
    /// The client sent less than so many bytes a second, in time that was waited for it: 408.
    case tooSlow(bytesPerSecond: Int)
    /// The client closed its side of the connection, or the connection was cut: 499, there is nobody to answer.
    case clientLeft
    /// What the client sent is no HTTP, for example a chunk without a valid size: 400.
    case malformed
    /// The body's framing breaks a limit: 400.
    case refused(reason: String)
}
