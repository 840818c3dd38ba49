/// The limits of a form. The content of files is not limited here: the code that stores a file counts it.
struct FormDataLimits: Sendable, Hashable {
    /// Parts: fields and files together. A browser that uploads a folder sends hundreds. Each part costs a response
    /// entry.
    var parts = 1000
    /// Bytes of the headers of one part. File names are at most some hundred bytes on every file system.
    var headerBytes = 16_384
    /// Bytes of a field's content: paths and prefixes, of at most 1,024 bytes.
    var fieldBytes = 8192
    /// Bytes before the first boundary and after the last one. RFC 2046 allows them, but no client sends them.
    var marginBytes = 16_384

    init() {}
}
