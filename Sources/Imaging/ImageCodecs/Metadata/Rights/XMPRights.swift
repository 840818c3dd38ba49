import ImageModel

/// Artist and copyright in an XMP packet: `dc:creator` and `dc:rights` (XMP part 1, 8.3), with their usual prefix, as
/// elements with a list inside, as simple elements, or as attributes.
///
/// The packet is searched and not parsed: forms that software does not usually write are not found.
enum XMPRights {
    /// Nil if the packet has neither.
    static func read(_ packet: [UInt8]) -> EncodedMetadata? {
        let creators = values("dc:creator", in: packet)
        // Several are separated by semicolons (Exif 2.32, 4.6.4.D).
        let artist = Array(creators.joined(separator: [0x3B, 0x20]))
        return EncodedMetadata.checked(artist: artist, copyright: values("dc:rights", in: packet).first)
    }

    /// More creators than fit on a line of text.
    private static let maximumValues = 16

    /// The values of a property: those of its list, or its only value.
    static func values(_ name: String, in packet: [UInt8]) -> [[UInt8]] {
        let name = Array(name.utf8)
        var from = 0
        while let found = packet.firstIndex(of: name, from: from) {
            from = found + name.count
            guard found > 0, from < packet.count else { continue }
            if packet[found - 1] == 0x3C {
                guard isEnd(ofName: packet[from]) else { continue }
                // If this one has no end, no later one has: searching on for each would take long.
                guard let content = element(name, behind: from, in: packet) else { break }
                let items = listItems(packet, content)
                return items.isEmpty ? [text(packet[content])].compactMap(\.self) : items
            }
            if let value = attribute(behind: from, in: packet) { return [text(packet[value])].compactMap(\.self) }
        }
        return []
    }

    /// The contents of a list's `rdf:li`, the one in the default language first.
    private static func listItems(_ packet: [UInt8], _ content: Range<Int>) -> [[UInt8]] {
        let name = Array("rdf:li".utf8)
        var items: [[UInt8]] = []
        var from = content.lowerBound
        while items.count < maximumValues, let found = packet.firstIndex(of: [0x3C] + name, from: from),
            found < content.upperBound
        {
            from = found + 1 + name.count
            guard from < content.upperBound, isEnd(ofName: packet[from]) else { continue }
            guard let inner = element(name, behind: from, in: packet), inner.upperBound <= content.upperBound else {
                break
            }
            let attributes = from
            from = inner.upperBound
            guard let value = text(packet[inner]) else { continue }
            let language = packet.firstIndex(of: Array("x-default".utf8), from: attributes)
            let isDefault = language.map { $0 < inner.lowerBound } ?? false
            items.insert(value, at: isDefault ? 0 : items.count)
        }
        return items
    }

    /// Whether a tag's name ends before this byte, so that it is not just the beginning of another name.
    private static func isEnd(ofName byte: UInt8) -> Bool { isSpace(byte) || byte == 0x3E || byte == 0x2F }

    /// The content between an opening tag, whose name ends at `from`, and its closing tag; empty for `<name/>`. Nil if
    /// there is no end.
    private static func element(_ name: [UInt8], behind from: Int, in packet: [UInt8]) -> Range<Int>? {
        guard let open = packet[from...].firstIndex(of: 0x3E) else { return nil }
        if packet[open - 1] == 0x2F { return open..<open }
        return packet.firstIndex(of: [0x3C, 0x2F] + name, from: open + 1).map { open + 1..<$0 }
    }

    /// The text in the quotes of `="value"`.
    private static func attribute(behind from: Int, in packet: [UInt8]) -> Range<Int>? {
        var at = from
        while at < packet.count, isSpace(packet[at]) { at += 1 }
        guard at < packet.count, packet[at] == 0x3D else { return nil }
        at += 1
        while at < packet.count, isSpace(packet[at]) { at += 1 }
        guard at < packet.count, packet[at] == 0x22 || packet[at] == 0x27,
            let end = packet[(at + 1)...].firstIndex(of: packet[at])
        else { return nil }
        return at + 1..<end
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Character data (XML 1.0, 4.1 and 4.6) as UTF-8, with runs of blanks reduced to one; nil if it contains markup.
    private static func text(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        guard bytes.count <= 8 * EncodedMetadata.maximumBytes, !bytes.contains(0x3C) else { return nil }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.first {
            if byte == 0x26, let end = rest.prefix(12).firstIndex(of: 0x3B),
                let scalar = reference(rest[(rest.startIndex + 1)..<end])
            {
                result += Array(String(scalar).utf8)
                rest = rest[(end + 1)...]
            } else {
                rest = rest.dropFirst()
                if !isSpace(byte) {
                    result.append(byte)
                } else if result.last != 0x20 {
                    result.append(0x20)
                }
            }
        }
        return result
    }

    /// The character that a reference names, without `&` and `;`.
    private static func reference(_ name: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let name = String(decoding: name, as: UTF8.self)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = name.hasPrefix("#x")
            guard name.hasPrefix("#") else { return nil }
            return UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
                .flatMap(Unicode.Scalar.init)
        }
    }
}

extension [UInt8] {
    /// The next position of these bytes.
    func firstIndex(of wanted: [UInt8], from: Int) -> Int? {
        guard let first = wanted.first, count >= wanted.count else { return nil }
        var at = from
        while at <= count - wanted.count {
            if self[at] == first, self[at..<at + wanted.count].elementsEqual(wanted) { return at }
            at += 1
        }
        return nil
    }
}
