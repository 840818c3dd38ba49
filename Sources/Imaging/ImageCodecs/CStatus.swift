import CImageCodecs

/// Throws an error that names the format, unless the status is a success.
func check(_ status: tt_status, format: String) throws(CodecError) {
    switch status {
    case .TT_OK: return
    case .TT_NOT_AN_IMAGE: throw .notAnImage
    case .TT_UNSUPPORTED: throw .unsupported("this kind of \(format) cannot be decoded")
    case .TT_DAMAGED: throw .damaged("its \(format) data contradict the format")
    case .TT_TRUNCATED: throw .truncated("its \(format) data end too early")
    case .TT_TOO_LARGE:
        // The number of pixels was checked with the header; scans, and the formats' own limits of a side, remain.
        throw .unsupported("this \(format) has more scans, pixels or a longer side than can be handled")
    case .TT_NO_MEMORY: throw .outOfMemory
    case .TT_CANCELLED: throw .cancelled
    case .TT_INTERNAL_ERROR: throw .internalError("the \(format) library rejected a call for an unforeseen reason")
    }
}

extension RawSpan {
    /// Passes the bytes to C. The pointer is never null, even for no bytes, and must not be kept.
    func withCBytes<Result, Failure: Error>(
        _ body: (UnsafePointer<UInt8>, Int) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(Failure) -> Result in
            guard let base = bytes.baseAddress else {
                var none: UInt8 = 0
                return try unsafe withUnsafePointer(to: &none) { (pointer) throws(Failure) -> Result in
                    try unsafe body(pointer, 0)
                }
            }
            return try unsafe body(base.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
    }
}

/// Runs a C operation that writes to a growing buffer, and returns a copy of the bytes.
func collectingBytes(_ body: (inout tt_buffer) throws(CodecError) -> Void) throws(CodecError) -> [UInt8] {
    var buffer = unsafe tt_buffer()
    defer { unsafe tt_buffer_free(&buffer) }
    try unsafe body(&buffer)
    guard let data = unsafe buffer.data else { return [] }
    return unsafe [UInt8](UnsafeBufferPointer(start: data, count: buffer.size))
}
