import ImageService
import NIOCore

/// An answer that is there already.
struct FastAnswer {
    var status: Int
    /// The head as far as handlers make it, Date with it: without X-Request-Id, which the connection adds.
    var head: ByteBuffer
    /// What is sent behind the head; nil: nothing.
    var body: (file: FileInMemory, range: Range<Int>)?
    /// As a handler would have left them in its context.
    var notes: RequestNotes.Values
}
