@testable import ImageCodecs

/// Builds WebP files from chunks.
enum WebPFile {
    /// The chunks of a file in order, as name and data.
    static func chunks(_ file: [UInt8]) throws -> [(name: FourCC, data: [UInt8])] {
        try WebPChunks.all(in: file.span.bytes).map { ($0.name, Array(file[$0.data])) }
    }

    static func file(_ chunks: [(name: FourCC, data: [UInt8])]) -> [UInt8] {
        WebPChunk.file(chunks.map { WebPChunk.encode($0.name, $0.data) })
    }

    /// An extended file with the picture of a simple file.
    static func extended(
        _ simple: [UInt8], flags: UInt8, width: Int, height: Int, after: [(name: FourCC, data: [UInt8])]
    ) throws -> [UInt8] {
        let header = WebPChunk.extendedHeader(flags: flags, width: width, height: height)
        return try file([(WebPChunk.extended, header)] + chunks(simple) + after)
    }

    /// An animation that repeats the same picture.
    static func animation(_ simple: [UInt8], frames: Int, width: Int, height: Int) throws -> [UInt8] {
        let header = WebPChunk.extendedHeader(flags: WebPChunk.Flag.animation, width: width, height: height)
        let sides = header[4..<10]
        let picture = try chunks(simple).flatMap { WebPChunk.encode($0.name, $0.data) }
        let frame: [UInt8] = [0, 0, 0, 0, 0, 0] + sides + [100, 0, 0, 0] + picture
        return file(
            [(WebPChunk.extended, header), (WebPChunk.animation, [0, 0, 0, 0, 0, 0])]
                + Array(repeating: (WebPChunk.frame, frame), count: frames))
    }
}
