import NIOCore

/// The contents of a form in order: for each part `partBegin`, any number of `bytes`, `partEnd`; then `end`.
enum FormDataEvent: Sendable, Hashable {
    case partBegin(FormDataPart)
    /// A piece of the part's content, never empty; a slice of the input, not a copy.
    case bytes(ByteBuffer)
    case partEnd
    /// The closing boundary has come. Later bytes are dropped.
    case end
}

/// The headers of a part that have a meaning (RFC 7578, section 4).
struct FormDataPart: Sendable, Hashable {
    /// The field's name. May be empty.
    let name: String
    /// The client's name for the file, for display only. Empty if a browser sends a file input without a chosen file.
    /// Nil if the part is a field.
    let filename: String?

    /// A part with a file name is a file, even if the name is empty.
    var isFile: Bool { filename != nil }
}
