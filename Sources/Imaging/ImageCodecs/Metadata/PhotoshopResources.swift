import ImageModel

/// The parts of Photoshop's image resources in an APP13 segment that describe the picture's shape (Adobe Photoshop File
/// Formats Specification, "Image Resource Blocks"): a thumbnail, and a second copy of EXIF and XMP. IPTC stays
/// unchanged.
enum PhotoshopResources {
    /// `Photoshop 3.0` and a zero.
    static let signature = Array("Photoshop 3.0".utf8) + [0]
    /// The signature of Photoshop's own resources.
    static let blockSignature = FourCC("8BIM")
    /// The thumbnail as JPEG, and the older one with red and blue exchanged, which does not matter for a rotation.
    private static let thumbnails: Set<Int> = [0x040C, 0x0409]
    private static let exif: Set<Int> = [0x0422, 0x0423]
    static let xmp = 0x0424
    static let iptc = 0x0404
    private static let thumbnailHeader = 28

    /// A payload with its thumbnails rotated, or without those that cannot be, and with upright orientations. The rest
    /// stays byte for byte: no resource refers to another by its offset.
    ///
    /// - Parameter keepsPlaces: the payload keeps its length, and the thumbnails stay unchanged.
    static func rotated(
        _ payload: [UInt8], _ rotation: PixelRotation, keepsPlaces: Bool
    ) -> (payload: [UInt8], effects: TransformEffects) {
        let bytes = unsafe payload.span.bytes
        guard bytes.hasPrefix(signature) else { return (payload, []) }
        var result = signature
        var effects: TransformEffects = []
        var at = signature.count
        while let block = next(bytes, at: at) {
            if exif.contains(block.id) || block.id == xmp {
                var data = Array(payload[block.data])
                edit(&data, block.id, rotation)
                result += payload[block.range.lowerBound..<block.data.lowerBound] + data
                result += payload[block.data.upperBound..<block.range.upperBound]
            } else if thumbnails.contains(block.id), !keepsPlaces {
                let data = Array(payload[block.data])
                // The block's own head has up to 266 bytes, of which its name may take 255.
                let head = block.data.lowerBound - block.range.lowerBound
                let others = result.count + head + payload.count - block.range.upperBound
                if let changed = rotatedThumbnail(data, rotation),
                    others + changed.count + changed.count % 2 <= JPEGSegment.maximumPayload
                {
                    result += payload[block.range.lowerBound..<block.data.lowerBound - 4]
                    result += FourCC(rawValue: UInt32(changed.count)).bytes + changed
                    if changed.count % 2 == 1 { result.append(0) }
                } else {
                    effects = .droppedThumbnail
                }
            } else {
                result += payload[block.range]
            }
            at = block.range.upperBound
        }
        return (result + payload[at...], effects)
    }

    /// EXIF or XMP, which keeps its length.
    private static func edit(_ data: inout [UInt8], _ id: Int, _ rotation: PixelRotation) {
        guard id != xmp else { return XMPEdit.rotate(&data, rotation) }
        let place = unsafe ExifHeader.anyTIFF(chunk: data.span.bytes, 0..<data.count)
        var block = Array(data[place])
        _ = MetadataEdit.rotateExif(&block, rotation, maximumBytes: block.count)
        guard block.count == place.count else { return }
        data.replaceSubrange(place, with: block)
    }

    /// The block at an offset: signature, number, a Pascal string padded to an even length, length, data padded to an
    /// even length. Nil if it is not complete.
    static func next(
        _ bytes: RawSpan, at start: Int, signature: FourCC = blockSignature
    ) -> (id: Int, range: Range<Int>, data: Range<Int>)? {
        guard bytes.fourCC(at: start) == signature, let id = bytes.bigEndian16(at: start + 4),
            start + 6 < bytes.byteCount
        else { return nil }
        let name = Int(bytes.byte(at: start + 6)) + 1
        let lengthAt = start + 6 + name + name % 2
        guard let length = bytes.bigEndian32(at: lengthAt), length <= bytes.byteCount - lengthAt - 4 else { return nil }
        let data = lengthAt + 4..<lengthAt + 4 + length
        return (id, start..<min(bytes.byteCount, data.upperBound + length % 2), data)
    }

    /// A thumbnail resource: format (1: JPEG), width, height, bytes of a padded row, total bytes, compressed bytes,
    /// bits and planes, then the JPEG.
    private static func rotatedThumbnail(_ data: [UInt8], _ rotation: PixelRotation) -> [UInt8]? {
        let bytes = unsafe data.span.bytes
        guard bytes.bigEndian32(at: 0) == 1, data.count > thumbnailHeader else { return nil }
        if rotation.total == .upright { return data }
        guard
            let jpeg = Thumbnail.rotated(
                Array(data[thumbnailHeader...]), by: rotation.total, limits: rotation.limits,
                cancelled: rotation.cancelled),
            let size = Thumbnail.size(jpeg)
        else { return nil }
        let row = (size.width * 24 + 31) / 32 * 4
        let numbers = [1, size.width, size.height, row, row * size.height, jpeg.count]
        return numbers.flatMap { FourCC(rawValue: UInt32(truncatingIfNeeded: $0)).bytes } + data[24..<28] + jpeg
    }
}
