/// How much of a form is taken. The content of files is not limited here: whoever stores it counts it.
struct FormDataLimits: Sendable, Hashable {
    /// Parts, fields and files together. A browser that uploads a folder sends hundreds; each part costs an answer.
    var parts = 1000
    /// Bytes of the headers of one part. File names are at most some hundred bytes on every file system.
    var headerBytes = 16_384
    /// Bytes of a field's content: paths and prefixes, of at most 1,024 bytes.
    var fieldBytes = 8192
    /// Bytes before the first and behind the last boundary. RFC 2046 allows them, no client sends them.
    var marginBytes = 16_384

    init() {}
}
