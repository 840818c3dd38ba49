/// The tracks of an AVIF's sequence (ISO/IEC 14496-12, 8).
enum AVIFMovie {
    /// The most boxes that are read, for all tracks together.
    static let maximumBoxes = 4_096

    /// The number of samples of the track that is shown: the first one of AV1 pictures that is not auxiliary to another
    /// (alpha, depth). A film may have its sound track first. Nil if there is none.
    ///
    /// - Throws: `tooLarge` for more boxes than ``maximumBoxes``.
    static func frames(_ bytes: RawSpan, movie: AVIFBox) throws(CodecError) -> Int? {
        var left = maximumBoxes
        func next(_ walk: inout AVIFBoxReader) throws(CodecError) -> AVIFBox? {
            guard let box = walk.next(bytes) else { return nil }
            left -= 1
            guard left >= 0 else {
                throw .tooLarge(
                    limit: "the number of boxes in the AVIF's sequence", value: maximumBoxes + 1, maximum: maximumBoxes)
            }
            return box
        }
        var tracks = AVIFBoxReader(movie.content)
        while let track = try next(&tracks) {
            guard track.name == FourCC("trak") else { continue }
            var isAuxiliary = false
            var table: AVIFBox?
            // Everything that is needed of a track is in the first box of these names.
            var path = [FourCC("stbl"), FourCC("minf"), FourCC("mdia")]
            var walks = [AVIFBoxReader(track.content)]
            while !walks.isEmpty {
                guard let box = try next(&walks[walks.count - 1]) else {
                    walks.removeLast()
                    continue
                }
                if walks.count == 1, box.name == FourCC("tref") {
                    var references = AVIFBoxReader(box.content)
                    while let reference = try next(&references) {
                        if reference.name == FourCC("auxl") { isAuxiliary = true }
                    }
                } else if let name = path.last, box.name == name {
                    path.removeLast()
                    if path.isEmpty { table = box } else { walks.append(AVIFBoxReader(box.content)) }
                }
            }
            guard let table, !isAuxiliary else { continue }
            var isPicture = true
            var count: Int?
            var boxes = AVIFBoxReader(table.content)
            while let box = try next(&boxes) {
                var cursor = AVIFCursor(box, bytes)
                switch box.name {
                case FourCC("stsd"):
                    // The number of entries, and the first one's length and name.
                    isPicture = cursor.skip(8) && cursor.number(bytes, 4) == Int(FourCC("av01").rawValue)
                case FourCC("stsz"), FourCC("stz2"):
                    if cursor.skip(4) { count = cursor.number(bytes, 4) }
                default: break
                }
            }
            if isPicture, let count { return count }
        }
        return nil
    }
}
