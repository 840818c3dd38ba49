import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How this server writes JSON: keys sorted, slashes not escaped.
enum JSON {
    static func encode(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return ByteBuffer(bytes: try encoder.encode(value))
        } catch {
            // Encoding only fails for numbers such as NaN, and no value here has one.
            preconditionFailure("a value that cannot be JSON: \(error)")
        }
    }
}
