/// Why a picture could not be read, written or changed. Every text in it is fixed or made of numbers: it holds no
/// byte of the file and is safe to send to a client.
public enum CodecError: Error, Sendable, Hashable {
    /// The bytes are of no format that Tintype knows.
    case notAnImage
    /// A sound picture, but of a kind that this operation cannot take. The text says which.
    case unsupported(String)
    /// The file contradicts its format. The text says where.
    case damaged(String)
    /// The bytes end before the picture does. The text says in what.
    case truncated(String)
    /// More than a limit allows: its name, the value found, the largest one allowed.
    case tooLarge(limit: String, value: Int, maximum: Int)
    /// The system had no memory for it.
    case outOfMemory
    /// The ``CancelFlag`` was set.
    case cancelled
    /// A codec library, or a check of our own around it, refused in a way that was not foreseen. The text says which
    /// one, and by ``at(stage:)`` when. It is about this one file; other files are not affected.
    case fault(String)

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
        case .fault(let what): "This image could not be worked on: \(what)."
        }
    }

    /// The same error, which names the stage that a fault was met in: "decode", "encode".
    public func at(stage: String) -> CodecError {
        guard case .fault(let what) = self else { return self }
        return .fault("\(what), at the stage \(stage)")
    }
}

extension CodecError: CustomStringConvertible {
    /// For a client; a fault is named as one, with its fixed text.
    public var description: String {
        if case .fault(let what) = self { "fault in the codecs: \(what)" } else { publicText }
    }
}
