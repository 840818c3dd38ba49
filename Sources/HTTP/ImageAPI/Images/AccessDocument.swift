import AccessControl
import TextCoding

/// What a credential permits, in JSON.
struct AccessDocument: Encodable, Sendable {
    private var name: String?
    private var subject: String?
    private var scopes: [String]
    private var prefixes: [String]
    private var expiresAt: String?

    private enum Key: String, CodingKey {
        case name, subject, scopes, prefixes, expiresAt
    }

    init(_ identity: Identity?) {
        switch identity?.name {
        case .key(let name): self.name = name
        case .subject(let subject): self.subject = subject
        case nil: break
        }
        scopes = identity?.scopes.names ?? []
        prefixes = identity?.prefixes.map(\.text) ?? []
        expiresAt = identity?.expires.map { Timestamp(seconds: $0).rfc3339 }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(subject, forKey: .subject)
        try container.encode(scopes, forKey: .scopes)
        try container.encode(prefixes, forKey: .prefixes)
        try container.encode(expiresAt, forKey: .expiresAt)
    }
}
