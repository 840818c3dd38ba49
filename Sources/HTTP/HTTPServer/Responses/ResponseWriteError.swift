/// Why a byte of a response could not be written. The writing handler gets it.
public enum ResponseWriteError: Error, Equatable {
    /// The client closed its side, or the connection was cut.
    case clientLeft
    /// The client took no byte for `ListenerConfiguration.writeTimeout`.
    case stalled
    /// More bytes than the Content-Length promised: a bug in the handler.
    case tooManyBytes
    /// Fewer bytes than the Content-Length promised: a bug in the handler.
    case tooFewBytes
    /// Bytes after the end: a bug in the handler.
    case finished
}
