/// Why a picture could not be read, written or changed. Every text is fixed or made of numbers: it contains no byte of
/// the file and is safe to send to a client.
public enum CodecError: Error, Sendable, Hashable {
    /// The bytes have no format that Tintype knows.
    case notAnImage
    /// A valid picture, but of a kind that this operation does not support. The text says which.
    case unsupported(String)
    /// The file contradicts its format. The text says where.
    case damaged(String)
    /// The bytes end before the picture does. The text says in what.
    case truncated(String)
    /// More than a limit allows: its name, the value found, the largest one allowed.
    case tooLarge(limit: String, value: Int, maximum: Int)
    /// The system had not enough memory.
    case outOfMemory
    /// The ``CancelFlag`` was set.
    case cancelled
    /// A codec library, or a check of our own around it, failed in a way that was not foreseen. The text says which
    /// one, and after ``at(stage:)`` also when. It is about this one file; other files are not affected.
    case internalError(String)

    /// One sentence for a client.
    public var publicText: String {
        switch self {
        case .notAnImage: "The bytes are not a JPEG, PNG, WebP or AVIF image."
        case .unsupported(let what): "This cannot be done: \(what)."
        case .damaged(let what): "The image is damaged: \(what)."
        case .truncated(let what): "The image is truncated: \(what)."
        case .tooLarge(let limit, let value, let maximum):
            "The image is too large: \(limit) is \(value), at most \(maximum) is allowed."
        case .outOfMemory: "There is not enough memory for this image."
        case .cancelled: "The work was cancelled."
        case .internalError(let what): "This image could not be processed: \(what)."
        }
    }

    /// The same error; an internal one also names its stage: "decode", "encode".
    public func at(stage: String) -> CodecError {
        guard case .internalError(let what) = self else { return self }
        return .internalError("\(what), at the stage \(stage)")
    }
}

extension CodecError: CustomStringConvertible {
    /// For logs and clients: an internal error is marked as one, with its fixed text.
    public var description: String {
        if case .internalError(let what) = self { "internal error in the codecs: \(what)" } else { publicText }
    }
}
