/// Removes the place from an XMP packet. It goes through the markup, finds attributes and elements by their names, and
/// overwrites them with spaces, so that nothing around the packet has to move.
struct XMPLocationRemoval {
    private let letters: [UInt8]
    private var at = 0
    /// The ranges that are removed.
    private var places: [Range<Int>] = []
    /// The number of open elements.
    private var depth = 0
    /// The outermost element that is being removed, while it is open.
    private var open: (name: ArraySlice<UInt8>, start: Int, depth: Int)?

    /// - Returns: whether anything was changed; nil if the packet is not valid XML for XMP.
    static func clean(_ packet: inout [UInt8]) -> Bool? {
        guard unsafe PlaceNames.mayBeFound(in: packet.span.bytes) else { return false }
        let text = XMPText(packet)
        var removal = XMPLocationRemoval(text.letters)
        guard removal.walk() else { return nil }
        guard !removal.places.isEmpty else { return false }
        var changed = text
        for place in removal.places {
            for index in place { changed.letters[index] = 0x20 }
        }
        changed.write(to: &packet, unlike: text)
        return true
    }

    private init(_ letters: [UInt8]) {
        self.letters = letters
    }

    private mutating func walk() -> Bool {
        while let sign = letters[at...].firstIndex(of: 0x3C) {
            at = sign + 1
            guard at < letters.count else { return false }
            let isSound: Bool
            switch letters[at] {
            case 0x3F: isSound = skip(behind: [0x3F, 0x3E])
            case 0x21: isSound = skipDeclaration(from: sign)
            case 0x2F: isSound = close()
            default: isSound = openElement(from: sign)
            }
            guard isSound else { return false }
        }
        return open == nil
    }

    private mutating func skip(behind end: [UInt8]) -> Bool {
        guard let found = letters.firstIndex(of: end, from: at) else { return false }
        at = found + end.count
        return true
    }

    /// A comment, CDATA, or a document type.
    private mutating func skipDeclaration(from start: Int) -> Bool {
        if letters[start...].starts(with: Array("<!--".utf8)) {
            at = start + 4
            guard skip(behind: Array("-->".utf8)) else { return false }
            if open == nil, PlaceNames.isPlace(letters[start..<at]) { places.append(start..<at) }
            return true
        }
        if letters[start...].starts(with: Array("<![CDATA[".utf8)) { return skip(behind: Array("]]>".utf8)) }
        // Entities of the packet's own could stand for anything.
        guard skip(behind: [0x3E]) else { return false }
        return !letters[start..<at].contains(0x5B)
    }

    private mutating func close() -> Bool {
        at += 1
        let name = takeName()
        guard skip(behind: [0x3E]) else { return false }
        depth -= 1
        guard let element = open, depth <= element.depth else { return true }
        guard depth == element.depth, name == element.name else { return false }
        places.append(element.start..<at)
        open = nil
        return true
    }

    private mutating func openElement(from start: Int) -> Bool {
        let name = takeName()
        guard !name.isEmpty else { return false }
        let isPlace = open == nil && PlaceNames.isPlace(name)
        if isPlace { open = (name, start, depth) }
        while true {
            skipSpaces()
            guard at < letters.count else { return false }
            if letters[at] == 0x3E {
                at += 1
                depth += 1
                return true
            }
            if letters[at] == 0x2F {
                at += 1
                guard at < letters.count, letters[at] == 0x3E else { return false }
                at += 1
                if isPlace {
                    places.append(start..<at)
                    open = nil
                }
                return true
            }
            guard takeAttribute() else { return false }
        }
    }

    /// `name="value"`, with spaces around the equals sign.
    private mutating func takeAttribute() -> Bool {
        let start = at
        let name = takeName()
        guard !name.isEmpty else { return false }
        skipSpaces()
        guard at < letters.count, letters[at] == 0x3D else { return false }
        at += 1
        skipSpaces()
        guard at < letters.count, letters[at] == 0x22 || letters[at] == 0x27 else { return false }
        let quote = letters[at]
        at += 1
        guard skip(behind: [quote]) else { return false }
        // A prefix may be called gps. Without its declaration, its names would have no meaning.
        let isDeclaration = name.starts(with: Array("xmlns".utf8))
        if open == nil, !isDeclaration, PlaceNames.isPlace(name) { places.append(start..<at) }
        return true
    }

    private mutating func takeName() -> ArraySlice<UInt8> {
        let start = at
        while at < letters.count, Self.isNameByte(letters[at]) { at += 1 }
        return letters[start..<at]
    }

    private mutating func skipSpaces() {
        while at < letters.count, [0x20, 0x09, 0x0A, 0x0D].contains(letters[at]) { at += 1 }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: byte >= 0x80
        }
    }
}
