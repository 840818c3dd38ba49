/// URLs of images. Every byte that is not plain is percent-encoded, except the slash.
enum URLs {
    static func encode(_ path: String) -> String {
        path.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return isPlain || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

extension TintypeServer {
    func image(_ path: String, _ query: String = "") -> String {
        "\(base)/api/v1/images/\(URLs.encode(path))\(query.isEmpty ? "" : "?\(query)")"
    }

    func metadata(_ path: String) -> String { "\(base)/api/v1/metadata/\(URLs.encode(path))" }

    func rotate(_ path: String) -> String { "\(image(path))/rotate" }

    func collection(_ query: String = "") -> String { "\(base)/api/v1/images\(query.isEmpty ? "" : "?\(query)")" }
}
