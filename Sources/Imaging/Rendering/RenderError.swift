public import ImageCodecs

/// Why a rendition could not be made. Every text is fixed or made of numbers and safe to send to a client.
public enum RenderError: Error, Sendable, Hashable {
    /// The codecs failed, at this stage.
    case codec(Stage, CodecError)
    /// The picture is valid, but no rendition can be made from it. The text says why.
    case unsupported(String)
    /// The requested rendition would have a side beyond a limit: what is limited, the value, the largest one allowed.
    case tooLarge(limit: String, value: Int, maximum: Int)
    /// The flag was set.
    case cancelled

    /// Where in the pipeline the codecs failed.
    public enum Stage: String, Sendable, Hashable {
        case decode
        /// Between decoding and encoding; only if there is not enough memory.
        case transform
        case encode
    }

    /// One sentence for a client.
    public var publicText: String {
        switch self {
        case .codec(_, let error): error.publicText
        case .unsupported(let what): "This rendition cannot be made: \(what)."
        case .tooLarge(let limit, let value, let maximum):
            "This rendition would be too large: \(limit) would be \(value), at most \(maximum) is possible."
        case .cancelled: "The work was cancelled."
        }
    }

    /// Wraps an error of the codecs; ``CodecError/cancelled`` becomes our own.
    static func wrapping(_ error: CodecError, at stage: Stage) -> RenderError {
        error == .cancelled ? .cancelled : .codec(stage, error)
    }
}

extension RenderError: CustomStringConvertible {
    /// For logs: as ``publicText``, and with the stage if the codecs failed.
    public var description: String {
        switch self {
        case .codec(let stage, let error): "\(stage.rawValue): \(error)"
        case .unsupported, .tooLarge, .cancelled: publicText
        }
    }
}
