import ImageService
import NIOCore

/// An answer that is there already.
struct FastAnswer {
    var status: Int
    /// As far as handlers make it, the Date included; the connection adds what it has to say itself.
    var head: ByteBuffer
    /// What is sent behind the head; nil: nothing.
    var body: (file: FileInMemory, range: Range<Int>)?
    /// As a handler would have left them in its context.
    var notes: RequestNotes.Values
}

extension RequestNotes.Values {
    /// Of an image that memory had.
    static let imageHit = RequestNotes.Values(route: "image", cache: Freshness.hit.label)
}
