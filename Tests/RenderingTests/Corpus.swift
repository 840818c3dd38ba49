#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files in the folder CORPUS_DIR.
enum Corpus {
    static let directory: String? = getenv("CORPUS_DIR").map { String(cString: $0) }
    static var isThere: Bool { directory != nil }

    struct Unreadable: Error {
        var path: String
    }

    /// All bytes of a file. The path is relative to the corpus folder.
    static func read(_ path: String) throws -> [UInt8] {
        let path = "\(directory ?? "")/\(path)"
        guard let file = fopen(path, "rb") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard ferror(file) == 0 else { throw Unreadable(path: path) }
        return bytes
    }
}
