// Temporary, until the real types stand beside this file.

/// Stub.
public struct Scopes: OptionSet, Sendable, Hashable {
    /// Stub.
    public let rawValue: UInt8
    /// Stub.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Stub.
    public static let read = Scopes(rawValue: 1)
    /// Stub.
    public static let write = Scopes(rawValue: 2)
    /// Stub.
    public static let delete = Scopes(rawValue: 4)
    /// Stub.
    public static let admin = Scopes(rawValue: 8)

    /// Stub.
    public init(parsing text: some StringProtocol) {
        self = []
        for word in text.split(separator: " ") {
            switch word {
            case "read": insert(.read)
            case "write": insert(.write)
            case "delete": insert(.delete)
            case "admin": insert(.admin)
            default: break
            }
        }
    }
}

/// Stub.
public struct PathPrefix: Sendable, Hashable {
    /// Stub.
    public let bytes: [UInt8]

    /// Stub.
    public init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard !bytes.isEmpty else { return }
        guard bytes.last == UInt8(ascii: "/"), String(validating: bytes, as: UTF8.self) != nil,
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f })
        else { return nil }
        for segment in bytes.dropLast().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.isEmpty || segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) { return nil }
        }
    }
}
