/// What a token says about its signature. It is a claim of whoever sent the token: it can choose among our keys and
/// their algorithms, and nothing else.
struct TokenHeader {
    /// The longest header, in bytes of JSON.
    static let maximumLength = 1 << 10
    /// Members that bring a key, name a place to get one, or change how the token is to be read. Nobody who has one of
    /// our keys needs them, and each was the way of a known attack.
    static let forbidden = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"]

    let algorithm: TokenAlgorithm
    /// The identifier of the key (`kid`); nil: the token has none.
    let keyID: KeyID?

    init(_ json: [UInt8]) throws(TokenError) {
        guard json.count <= Self.maximumLength else { throw .malformed(.header) }
        let header: JSONObject
        do {
            guard let object = try JSONReader.read(json, duplicates: .refused).object else { throw JSONError.syntax }
            header = object
        } catch {
            throw .malformed(.header)
        }
        for name in Self.forbidden where header[name] != nil { throw .malformed(.forbiddenHeader) }
        if let type = header["typ"], !Self.isToken(type) { throw .malformed(.type) }
        keyID = try Self.keyID(header["kid"])
        guard let name = header["alg"]?.string else { throw .malformed(.header) }
        guard let algorithm = TokenAlgorithm(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw .unsupportedAlgorithm
        }
        self.algorithm = algorithm
    }

    /// Access tokens have a type of their own (RFC 9068).
    private static func isToken(_ type: JSONValue) -> Bool {
        guard let type = type.string else { return false }
        let lower = type.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return lower.elementsEqual("jwt".utf8) || lower.elementsEqual("at+jwt".utf8)
    }

    private static func keyID(_ value: JSONValue?) throws(TokenError) -> KeyID? {
        guard let value else { return nil }
        guard let bytes = value.string, let id = KeyID(bytes) else { throw .malformed(.header) }
        return id
    }
}
