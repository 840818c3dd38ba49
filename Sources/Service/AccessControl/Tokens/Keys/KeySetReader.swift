/// Takes a JWK set apart (RFC 7517, section 5).
enum KeySetReader {
    /// The longest set, in bytes.
    static let maximumLength = 256 << 10
    /// The most keys, usable or not.
    static let maximumKeys = 100

    /// The elements of `keys`, as they are.
    static func keys(of jwks: [UInt8]) throws(KeySetError) -> [JSONValue] {
        guard jwks.count <= maximumLength else { throw .tooLong(limit: maximumLength) }
        guard let value = try? JSONReader.read(jwks, duplicates: .marked), let set = value.object, !set.isAmbiguous,
            let keys = set["keys"]?.array
        else { throw .malformed }
        guard keys.count <= maximumKeys else { throw .tooManyKeys(limit: maximumKeys) }
        return keys
    }
}
