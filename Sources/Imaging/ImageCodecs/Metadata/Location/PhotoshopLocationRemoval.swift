/// Removes the place from Photoshop's image resources, which contain a second copy of EXIF and XMP, and a thumbnail.
/// Everything keeps its length. IPTC's records have no position, and stay.
enum PhotoshopLocationRemoval {
    private enum Resource {
        static let iptc = 0x0404
        static let thumbnails: Set<Int> = [0x0409, 0x040C]
        static let exif: Set<Int> = [0x0422, 0x0423]
        static let xmp = 0x0424
    }

    private static let thumbnailHeader = 28
    /// Other programs have signatures of their own.
    private static let signatures = Set(
        (["8BIM", "PHUT", "DCSR", "AgHg", "MeSa"] as [StaticString]).map { FourCC($0) })

    static func clean(resources: inout [UInt8]) {
        let original = resources
        let bytes = unsafe original.span.bytes
        var at = 0
        while let signature = bytes.fourCC(at: at), signatures.contains(signature),
            let block = PhotoshopResources.next(bytes, at: at, signature: signature)
        {
            let data = cleaned(block.id, bytes.copy(block.data))
            if data.count == block.data.count { resources.replaceSubrange(block.data, with: data) }
            at = block.range.upperBound
        }
        // The rest is not a resource.
        let rest = at..<original.count
        if LocationRemoval.mayHoldPlace(bytes.extracting(rest)) {
            resources.replaceSubrange(rest, with: [UInt8](repeating: 0, count: rest.count))
        }
    }

    private static func cleaned(_ id: Int, _ data: [UInt8]) -> [UInt8] {
        var data = data
        let zeros = [UInt8](repeating: 0, count: data.count)
        switch id {
        case Resource.iptc: return data
        case let id where Resource.exif.contains(id):
            let bytes = unsafe data.span.bytes
            let place = ExifHeader.anyTIFF(chunk: bytes, 0..<data.count)
            var block = bytes.copy(place)
            guard LocationRemoval.clean(exif: &block, isInner: true) != nil else { return zeros }
            return data[..<place.lowerBound] + block
        case Resource.xmp:
            return LocationRemoval.clean(xmp: &data) == nil ? [UInt8](repeating: 0x20, count: data.count) : data
        case let id where Resource.thumbnails.contains(id):
            guard data.count > thumbnailHeader else { return data }
            var jpeg = Array(data[thumbnailHeader...])
            EmbeddedJPEG.clean(&jpeg)
            return data[..<thumbnailHeader] + jpeg
        default:
            return unsafe LocationRemoval.mayHoldPlace(data.span.bytes) ? zeros : data
        }
    }
}
