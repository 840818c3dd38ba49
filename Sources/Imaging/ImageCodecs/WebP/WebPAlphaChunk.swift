/// What an ALPH chunk says of itself (RFC 9649 section 2.7.1.2): enough to find, without decoding it, that no decoder
/// takes it.
struct WebPAlphaChunk: Sendable {
    /// Of its data.
    let length: Int
    /// Its first byte; 0 until it has come.
    var header: UInt8 = 0

    /// Judges it as the alpha of a lossy picture, by what libwebp refuses: no data, a compression, a preprocessing or
    /// reserved bits that it does not know, fewer samples than the picture has pixels.
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
