import ImageService
import NIOCore

/// An answer that is there already.
struct FastAnswer {
    var status: Int
    var head: FastHead
    /// What is sent behind the head; nil: nothing.
    var body: (file: FileInMemory, range: Range<Int>)?
    /// As a handler would have left them in its context.
    var notes: RequestNotes.Values
}

/// The head of an answer as far as handlers make it, as bytes: the connection adds what it has to say itself.
struct FastHead {
    var bytes: ByteBuffer
    /// Whether the Date is among them.
    var hasDate: Bool
}

extension RequestNotes.Values {
    /// Of an image that memory had.
    static let imageHit = RequestNotes.Values(route: "image", cache: Freshness.hit.label)
}
