/// The facts in an ALPH chunk (RFC 9649 section 2.7.1.2) that show, without decoding it, whether decoders would reject
/// it.
struct WebPAlphaChunk: Sendable {
    /// The length of its data.
    let length: Int
    /// Its first byte; 0 until it has come.
    var header: UInt8 = 0

    /// Checks it as the alpha of a lossy picture. libwebp rejects: no data; unknown compression, preprocessing or
    /// reserved bits; fewer samples than the picture has pixels.
    func check(pixels: Int) throws(CodecError) {
        guard length > 1 else { throw .damaged("an ALPH chunk without data in the WebP") }
        let compression = header & 3
        guard compression <= 1, header >> 4 & 3 <= 1, header >> 6 <= 1 else {
            throw .damaged("an ALPH chunk of an unknown kind in the WebP")
        }
        guard compression == 1 || length - 1 >= pixels else {
            throw .damaged("an ALPH chunk that is shorter than its picture in the WebP")
        }
    }
}
