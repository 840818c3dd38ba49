/// Limits how many pixels codecs work on for each client. The caller of the service knows the limits.
public protocol PixelLimit: Sendable {
    /// Counts work on so many pixels: those that are decoded and those that are made, by an estimate.
    ///
    /// - Returns: nil if the client may have it.
    func take(_ pixels: Int, for client: ClientIdentity) -> (any PixelRejection)?

    /// Takes a count back: the work was not admitted for another reason.
    func giveBack(_ pixels: Int, for client: ClientIdentity)
}

/// Why a client has to wait for work on pixels.
public protocol PixelRejection: Error {
    /// In how many seconds it may go on.
    var retryAfter: Int { get }
}
