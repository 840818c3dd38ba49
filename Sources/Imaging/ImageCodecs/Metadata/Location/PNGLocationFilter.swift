/// The ancillary chunks of a PNG without a place. To be called in the file's order, since the number of compressed
/// texts that are inflated is limited.
struct PNGLocationFilter {
    private var reader = PNGTextReader()

    /// What is kept of a chunk: all of it, byte for byte, if it contains no place; nothing if it cannot be cleaned.
    mutating func cleaned(_ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        // `zxIf` was proposed for compressed EXIF; `exIf` was eXIf's name before registration. Both are read.
        let name = String(decoding: chunk.name.bytes, as: UTF8.self).lowercased()
        if name == "exif" || name == "zxif" { return cleaned(exif: chunk, file) }
        guard PNGText.names.contains(chunk.name) else {
            return LocationRemoval.mayHoldPlace(file.extracting(chunk.data)) ? [] : file.copy(chunk.range)
        }
        guard let text = PNGText(file, chunk) else {
            return PlaceNames.areFound(in: file.extracting(chunk.data)) ? [] : file.copy(chunk.range)
        }
        if text.isXMP { return cleaned(xmp: text, chunk, file) }
        if text.profileKind != nil { return cleaned(profile: text, chunk, file) }
        // ImageMagick writes single values of EXIF: `exif:GPSLatitude`.
        return PlaceNames.isPlace(text.plainKeyword) ? [] : file.copy(chunk.range)
    }

    private func cleaned(exif chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        let place = ExifHeader.anyTIFF(chunk: file, chunk.data)
        guard ExifHeader.isTIFF(file, place) else {
            // A zero: compressed. Hardly any reader supports that, and none takes an orientation from it.
            let isCompressed = !place.isEmpty && file.byte(at: place.lowerBound) == 0
            let mayHold = isCompressed || LocationRemoval.mayHoldPlace(file.extracting(chunk.data))
            return mayHold ? [] : file.copy(chunk.range)
        }
        var block = file.copy(place)
        guard let isChanged = LocationRemoval.clean(exif: &block) else {
            guard chunk.name == PNGChunk.exif, let rest = LocationRemoval.replacement(for: block) else { return [] }
            return PNGChunk.encode(chunk.name, rest)
        }
        guard isChanged else { return file.copy(chunk.range) }
        return PNGChunk.encode(chunk.name, file.copy(chunk.data.lowerBound..<place.lowerBound) + block)
    }

    private mutating func cleaned(xmp text: PNGText, _ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        guard var packet = reader.value(of: text, in: file), let isChanged = LocationRemoval.clean(xmp: &packet) else {
            return []
        }
        return isChanged ? text.chunk(of: file, chunk, value: packet) : file.copy(chunk.range)
    }

    /// Colour profiles stay. Other profiles stay only if they contain no place: they are second copies of what has its
    /// own chunks.
    private mutating func cleaned(profile text: PNGText, _ chunk: PNGChunk, _ file: RawSpan) -> [UInt8] {
        if let kind = text.profileKind, ["icc", "icm"].contains(kind) { return file.copy(chunk.range) }
        guard let value = reader.value(of: text, in: file), let bytes = PNGProfile.decode(value),
            unsafe !LocationRemoval.mayHoldPlace(bytes.span.bytes)
        else { return [] }
        return file.copy(chunk.range)
    }
}
