import ImageModel

/// The metadata chunks of a rotated PNG: those of the original, changed where they describe the picture's shape.
///
/// No statement about the orientation that contradicts the picture may remain, for any reader: EXIF in its own chunk or
/// as a text of hexadecimal digits, XMP, compressed or not.
struct PNGMetadataRotation {
    let rotation: PixelRotation
    /// What was lost.
    private(set) var effects: TransformEffects = []
    private var reader = PNGTextReader()

    init(rotation: PixelRotation) {
        self.rotation = rotation
    }

    /// Whether a chunk may contain the orientation.
    static func mayTell(_ chunk: PNGChunk) -> Bool {
        isExif(chunk) || PNGText.names.contains(chunk.name)
    }

    /// eXIf, and its names before it was registered.
    private static func isExif(_ chunk: PNGChunk) -> Bool {
        ["exif", "zxif"].contains(String(decoding: chunk.name.bytes, as: UTF8.self).lowercased())
    }

    /// A chunk of the original; empty if it is removed.
    mutating func rotated(_ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        if Self.isExif(chunk) { return rotatedExif(chunk, file) }
        if let text = PNGText(file, chunk) { return rotated(text, chunk, file) }
        guard chunk.name == PNGChunk.physicalSize, rotation.total.swapsAxes, chunk.data.count == 9 else {
            return file.copy(chunk.range)
        }
        let data = file.copy(chunk.data)
        return PNGChunk.encode(chunk.name, Array(data[4..<8] + data[0..<4] + data[8..<9]))
    }

    private mutating func rotatedExif(_ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        let place = ExifHeader.anyTIFF(chunk: file, chunk.data)
        guard ExifHeader.isTIFF(file, place) else {
            // A zero: compressed. Only exiftool reads what it says about the old shape.
            let isCompressed = !place.isEmpty && file.byte(at: place.lowerBound) == 0
            return isCompressed ? [] : file.copy(chunk.range)
        }
        var block = file.copy(place)
        // Nothing in a PNG refers to a chunk by its offset: the block may grow with a thumbnail.
        effects.formUnion(MetadataEdit.rotateExif(&block, rotation, maximumBytes: block.count + 65_536))
        return PNGChunk.encode(chunk.name, file.copy(chunk.data.lowerBound..<place.lowerBound) + block)
    }

    private mutating func rotated(_ text: PNGText, _ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        let isProfile = text.profileKind.map { ["exif", "app1", "xmp", "iptc", "8bim"].contains($0) } ?? false
        guard text.isXMP || isProfile, let value = reader.value(of: text, in: file) else {
            return file.copy(chunk.range)
        }
        let changed = isProfile ? rotated(profile: value) : rotated(xmp: value)
        return changed == value ? file.copy(chunk.range) : text.chunk(of: file, chunk, value: changed)
    }

    private func rotated(xmp value: [UInt8]) -> [UInt8] {
        var packet = value
        XMPEdit.rotate(&packet, rotation)
        return packet
    }

    private mutating func rotated(profile value: [UInt8]) -> [UInt8] {
        guard let bytes = PNGProfile.decode(value) else { return value }
        if unsafe bytes.span.bytes.fourCC(at: 0) == PhotoshopResources.blockSignature {
            // A payload of APP13 without its signature.
            let signature = PhotoshopResources.signature
            let changed = PhotoshopResources.rotated(signature + bytes, rotation, keepsPlaces: false)
            effects.formUnion(changed.effects)
            let rest = Array(changed.payload.dropFirst(signature.count))
            return rest == bytes ? value : PNGProfile.encode(rest, like: value)
        }
        let place = unsafe ExifHeader.anyTIFF(chunk: bytes.span.bytes, 0..<bytes.count)
        guard unsafe ExifHeader.isTIFF(bytes.span.bytes, place) else {
            let changed = rotated(xmp: bytes)
            return changed == bytes ? value : PNGProfile.encode(changed, like: value)
        }
        var block = Array(bytes[place])
        effects.formUnion(MetadataEdit.rotateExif(&block, rotation, maximumBytes: block.count + 65_536))
        let changed = bytes[..<place.lowerBound] + block
        return changed.elementsEqual(bytes) ? value : PNGProfile.encode(Array(changed), like: value)
    }
}
