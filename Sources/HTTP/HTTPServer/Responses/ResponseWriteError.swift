/// Why a byte of an answer could not be written: thrown to the handler that writes it.
public enum ResponseWriteError: Error, Equatable {
    /// The client closed its side, or the connection was cut.
    case clientLeft
    /// The client took no byte for `ListenerConfiguration.writeTimeout`.
    case stalled
    /// More bytes than the Content-Length promised: a bug of the handler.
    case tooManyBytes
    /// Fewer bytes than the Content-Length promised: a bug of the handler.
    case tooFewBytes
    /// Bytes after the end: a bug of the handler.
    case finished
}
