extension TokenClaims {
    /// Reads and judges the claims of a token whose signature is known to be right.
    ///
    /// - Parameters:
    ///   - payload: JSON.
    ///   - issuer: what `iss` must be; nil: anything.
    ///   - audience: what `aud` must be or contain; nil: anything.
    ///   - now: Unix seconds.
    init(payload: [UInt8], issuer: String?, audience: String?, at now: Int64) throws(TokenError) {
        let claims: JSONObject
        do {
            guard let object = try JSONReader.read(payload, duplicates: .refused).object else { throw JSONError.syntax }
            claims = object
        } catch {
            throw .malformed(.claims)
        }
        guard let expires = try Self.seconds(claims, "exp") else { throw .badClaim("exp") }
        self.init(subject: nil, scopes: .read, prefixes: nil, expires: expires)
        guard !isExpired(at: now) else { throw .expired }
        if let start = try Self.seconds(claims, "nbf"), now < start - Self.leeway { throw .notYetValid }
        if let issuer { try Self.judge(claims, issuer: issuer) }
        if let audience { try Self.judge(claims, audience: audience) }
        subject = try Self.subject(claims)
        scopes = try Self.scopes(claims)
        prefixes = try Self.prefixes(claims)
    }

    /// The year 9999. A later time is a mistake: milliseconds in place of seconds would never expire.
    private static let latest: Double = 253_402_300_799

    /// Rounded up: the present moment is known in whole seconds, so that this changes no decision.
    private static func seconds(_ claims: JSONObject, _ name: String) throws(TokenError) -> Int64? {
        guard let value = claims[name] else { return nil }
        guard case .number(let seconds) = value, seconds >= 0, seconds <= latest else { throw .badClaim(name) }
        return Int64(seconds.rounded(.up))
    }

    private static func judge(_ claims: JSONObject, issuer: String) throws(TokenError) {
        guard let claimed = claims["iss"]?.string, claimed.elementsEqual(issuer.utf8) else { throw .wrongIssuer }
    }

    private static func judge(_ claims: JSONObject, audience: String) throws(TokenError) {
        var names: [[UInt8]] = []
        switch claims["aud"] {
        case nil: break
        case .string(let name): names = [name]
        case .array(let elements):
            for element in elements {
                guard let name = element.string else { throw .badClaim("aud") }
                names.append(name)
            }
        default: throw .badClaim("aud")
        }
        guard names.contains(where: { $0.elementsEqual(audience.utf8) }) else { throw .wrongAudience }
    }

    private static func subject(_ claims: JSONObject) throws(TokenError) -> String? {
        guard let value = claims["sub"] else { return nil }
        guard let subject = value.string.flatMap(TokenText.short) else { throw .badClaim("sub") }
        return subject
    }

    private static func scopes(_ claims: JSONObject) throws(TokenError) -> Scopes {
        guard let value = claims["scope"] else { return .read }
        guard let words = value.string else { throw .badClaim("scope") }
        return Scopes(parsing: String(decoding: words, as: UTF8.self))
    }

    private static func prefixes(_ claims: JSONObject) throws(TokenError) -> [PathPrefix]? {
        guard let value = claims["prefixes"] else { return nil }
        guard let entries = value.array, entries.count <= PathPrefix.maximumCount else { throw .badClaim("prefixes") }
        var prefixes: [PathPrefix] = []
        for entry in entries {
            // The empty prefix has no final slash: nobody gets every folder by an entry that was left empty.
            guard let bytes = entry.string, bytes.last == UInt8(ascii: "/"), let prefix = PathPrefix(bytes) else {
                throw .badClaim("prefixes")
            }
            prefixes.append(prefix)
        }
        return prefixes
    }
}
