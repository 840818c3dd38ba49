import NIOCore

/// What a form's bytes say, in their order: for each part `partBegin`, any number of `bytes`, `partEnd`; then `end`.
enum FormDataEvent: Sendable, Hashable {
    case partBegin(FormDataPart)
    /// A stretch of the part's content, never empty; a slice of what was fed, not a copy.
    case bytes(ByteBuffer)
    case partEnd
    /// The closing boundary has come. What still comes behind it is dropped.
    case end
}

/// The headers of a part, as far as they mean anything (RFC 7578, section 4).
struct FormDataPart: Sendable, Hashable {
    /// The field's name. May be empty.
    let name: String
    /// What the client calls the file: for display only. Empty where a browser sends a file input in which nothing was
    /// chosen. Nil makes the part a field.
    let filename: String?

    /// A part with a file name is a file, even if the name is empty.
    var isFile: Bool { filename != nil }
}
