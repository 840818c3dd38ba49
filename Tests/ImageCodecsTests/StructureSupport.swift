import ImageCodecs
import ImageModel
import Testing

/// Checks a file in pieces of `step` bytes.
@discardableResult
func checkStructure(
    _ bytes: [UInt8], _ format: ImageFormat, step: Int = 65_536, limits: CodecLimits = CodecLimits()
) throws -> StructureCheck.Summary {
    var check = StructureCheck(format: format, limits: limits)
    var at = 0
    while at < bytes.count {
        let end = min(bytes.count, at + step)
        try check.consume(bytes.span.bytes.extracting(at..<end))
        at = end
    }
    return try check.finish()
}

/// The position where the header of a file ends.
func headerEnd(_ bytes: [UInt8], _ format: ImageFormat) throws -> Int {
    var check = StructureCheck(format: format, limits: CodecLimits())
    try check.consume(bytes.span.bytes)
    return try #require(check.headerEnd)
}

/// The header of a file.
func readHeader(_ bytes: [UInt8], limits: CodecLimits = CodecLimits()) throws -> ImageInfo {
    try ImageHeader.read(bytes.span.bytes, limits: limits)
}
