public import ImageModel
import TextCoding

/// The parameter `download`: a browser is to save the answer as a file. It is no part of the image or rendition, and so
/// of no key of a cache for pixels.
public struct Download: Sendable, Hashable {
    /// The name that the URL gives; nil: the last segment of the path.
    public var name: String?

    /// Most file systems take no longer name.
    public static let maximumNameBytes = 255

    /// - Parameter name: The name that the URL gives; nil: the last segment of the path.
    public init(name: String? = nil) {
        self.name = name
    }

    /// Reads `download` or `download=NAME`.
    ///
    /// - Returns: nil if the query does not have it.
    /// - Throws: ``RequestError`` if it is repeated or malformed.
    public static func parse(_ query: Query) throws(RequestError) -> Download? {
        guard let text = try query.text("download") else { return nil }
        guard !text.isEmpty else { return Download() }
        guard text.utf8.count <= maximumNameBytes else {
            throw .badParameter("The parameter download must have at most \(maximumNameBytes) bytes.")
        }
        guard !text.unicodeScalars.contains(where: isControl) else {
            throw .badParameter("The parameter download must not have control characters.")
        }
        return Download(name: text)
    }

    /// The value of Content-Disposition (RFC 6266).
    ///
    /// - Parameters:
    ///   - path: The path of the image, percent-decoded.
    ///   - format: What is served; nil if unknown. The extension of the name becomes one of this format.
    public func disposition(of path: some BidirectionalCollection<UInt8>, as format: ImageFormat?) -> String {
        let segment = path.reversed().prefix { $0 != UInt8(ascii: "/") }.reversed()
        let name = FileName.safe(name ?? String(decoding: Array(segment), as: UTF8.self), as: format)
        let fallback = FileName.ascii(name)
        var value = "attachment; filename=\"\(fallback)\""
        // RFC 8187. A browser that knows it prefers it (RFC 6266, section 4.3).
        if fallback != name { value += "; filename*=UTF-8''\(PercentEncoding.encode(name.utf8))" }
        return value
    }

    /// C0, DEL and C1.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}

/// Names of files as a browser may give them to a file system.
enum FileName {
    /// If nothing is left of a name.
    private static let substitute = "image"

    /// Extensions that say something about an image. One of them that is wrong is replaced; after any other text the
    /// right one is added: `setup.exe` becomes `setup.exe.jpg`, because the bytes are an image whatever a link says.
    private static let imageExtensions: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "avif", "avifs", "gif", "svg", "svgz", "bmp", "ico", "tif",
        "tiff", "heic", "heif", "jxl", "jp2",
    ]

    private static func extensions(of format: ImageFormat) -> Set<String> {
        switch format {
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
        case .png: ["png", "apng"]
        case .webp: ["webp"]
        case .avif: ["avif", "avifs"]
        }
    }

    /// A name without anything that has a meaning in a path, a shell of Windows or a quoted string, with an extension
    /// of the format, of at most ``Download/maximumNameBytes`` bytes.
    static func safe(_ text: String, as format: ImageFormat?) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(isUnsafe(scalar) ? "_" : scalar) }
        // Dots in front hide a file or name a folder; Windows drops dots and spaces at the end.
        let ends: (Character) -> Bool = { $0 == "." || $0.isWhitespace }
        let name = String(String(String(scalars).drop(while: ends)).reversed().drop(while: ends).reversed())
        guard let format else { return cut(name, to: Download.maximumNameBytes) }
        var (stem, suffix) = (Substring(name), "." + format.capabilities.fileExtension)
        if let dot = name.lastIndex(of: ".") {
            let own = name[name.index(after: dot)...]
            if imageExtensions.contains(own.lowercased()) { stem = name[..<dot] }
            if extensions(of: format).contains(own.lowercased()) { suffix = ".\(own)" }
        }
        return cut(String(stem), to: Download.maximumNameBytes - suffix.utf8.count) + suffix
    }

    private static func cut(_ text: String, to bytes: Int) -> String {
        var text = text
        while text.utf8.count > bytes { text.removeLast() }
        return text.isEmpty ? substitute : text
    }

    /// The same in ASCII, for clients that do not know RFC 8187. Some decode percent signs, so there are none (RFC
    /// 6266, appendix D).
    static func ascii(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0.isASCII && $0 != "%" ? $0 : "_" }))
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if Download.isControl(scalar) { return true }
        switch scalar.value {
        // Separators of lines, and marks that change the direction of text: a name could be read as another one.
        case 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: return true
        default: return "\"\\/:*?<>|".unicodeScalars.contains(scalar)
        }
    }
}
