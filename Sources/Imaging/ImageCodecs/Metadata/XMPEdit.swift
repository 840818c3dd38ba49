import ImageModel

/// Changes to an XMP packet that keep its length, so that nothing around it has to move. The packet is searched for
/// names with their usual prefixes, as attributes (`tiff:Orientation="6"`) and as elements (`>6<`), and digits
/// overwrite digits.
enum XMPEdit {
    /// Sets the orientation to 1 and updates the sizes.
    static func rotate(_ packet: inout [UInt8], _ rotation: PixelRotation) {
        let text = XMPText(packet)
        var changed = text
        edit(&changed.letters, rotation)
        if changed.letters != text.letters { changed.write(to: &packet, unlike: text) }
    }

    private static func edit(_ packet: inout [UInt8], _ rotation: PixelRotation) {
        for place in values("tiff:Orientation", in: packet) where place.count == 1 {
            if (0x31...0x38).contains(packet[place.lowerBound]) { packet[place.lowerBound] = 0x31 }
        }
        guard rotation.before != rotation.after else { return }
        for (width, height) in [
            ("exif:PixelXDimension", "exif:PixelYDimension"), ("tiff:ImageWidth", "tiff:ImageLength"),
        ] {
            changeSize(width, height, in: &packet, rotation)
        }
    }

    /// Whether the packet lists pictures after the file's end: Google's container directory (Ultra HDR 1.0, "Motion
    /// Photo 1.0") or its older form for films.
    static func listsPictures(_ packet: [UInt8]) -> Bool {
        let names = ["http://ns.google.com/photos/1.0/container/", "GCamera:MicroVideoOffset"]
        return names.contains { packet.firstIndex(of: Array($0.utf8), from: 0) != nil }
    }

    private static func changeSize(
        _ widthName: String, _ heightName: String, in packet: inout [UInt8], _ rotation: PixelRotation
    ) {
        let widths = values(widthName, in: packet)
        let heights = values(heightName, in: packet)
        guard let width = widths.first, widths.count == 1, let height = heights.first, heights.count == 1,
            let oldWidth = number(packet[width]), let oldHeight = number(packet[height])
        else { return }
        var texts = (width: Array(packet[height]), height: Array(packet[width]))
        if PixelSize(width: oldWidth, height: oldHeight) == rotation.before {
            // A trimmed side has at most as many digits as the whole one; leading zeros keep the length.
            let swaps = rotation.total.swapsAxes
            texts.width = digits(rotation.after.width, count: swaps ? height.count : width.count)
            texts.height = digits(rotation.after.height, count: swaps ? width.count : height.count)
        } else if !rotation.total.swapsAxes {
            return
        }
        // The later one first: earlier offsets stay valid.
        let changes = [(width, texts.width), (height, texts.height)].sorted { $0.0.lowerBound > $1.0.lowerBound }
        for (place, text) in changes { packet.replaceSubrange(place, with: text) }
    }

    /// The ranges of a property's values that have one to nine digits.
    private static func values(_ name: String, in packet: [UInt8]) -> [Range<Int>] {
        let name = Array(name.utf8)
        var places: [Range<Int>] = []
        var from = 0
        while let found = packet.firstIndex(of: name, from: from) {
            from = found + name.count
            var at = from
            // `="6"`, `='6'` or `>6<`, with spaces around the equals sign.
            while at < packet.count, [0x20, 0x09, 0x0A, 0x0D, 0x3D, 0x22, 0x27, 0x3E].contains(packet[at]) { at += 1 }
            let start = at
            while at < packet.count, (0x30...0x39).contains(packet[at]) { at += 1 }
            guard start > from, (1...9).contains(at - start), at < packet.count,
                [0x22, 0x27, 0x3C, 0x20].contains(packet[at])
            else { continue }
            places.append(start..<at)
        }
        return places
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int? { Int(String(decoding: text, as: UTF8.self)) }

    private static func digits(_ value: Int, count: Int) -> [UInt8] {
        let text = Array(String(value).utf8)
        return [UInt8](repeating: 0x30, count: max(0, count - text.count)) + text
    }
}
