/// A policy under which nobody can read, or nobody can write. The operator is told, because few policies are meant so.
public struct PolicyLockout: Sendable, Hashable {
    /// Where the policy holds.
    public let prefix: PathPrefix
    /// Who is locked out, and why.
    public let reason: String
}

extension AccessControl {
    /// The policies in force that lock everybody out.
    ///
    /// Only a policy that says so itself counts, not those under it. A token may name any subject, so that a subject
    /// never locks out if tokens are accepted.
    public var lockouts: [PolicyLockout] {
        policies.all.flatMap { policy in
            [readers(of: policy), writers(of: policy)].compactMap { reason in
                reason.map { PolicyLockout(prefix: policy.prefix, reason: $0) }
            }
        }
    }

    private func readers(of policy: Policies.Policy) -> String? {
        guard policy.says.reads == .protected, !hasCredentials, !judgesSignatures else { return nil }
        return "nobody can read: neither credentials nor keys for signed URLs are configured"
    }

    private func writers(of policy: Policies.Policy) -> String? {
        guard let writers = policy.says.writers else { return nil }
        if writers.isEmpty { return "nobody may write: the list of writers is empty" }
        guard !writers.contains(where: { mayWrite($0, under: policy.prefix) }) else { return nil }
        return hasCredentials
            ? "nobody may write: no key with the scope write for this place and no token is among the writers"
            : "nobody may write: no credential is configured"
    }

    private func mayWrite(_ pattern: WriterPattern, under prefix: PathPrefix) -> Bool {
        switch pattern {
        case .everybody: true
        case .subject: acceptsTokens
        case .key:
            apiKeys.keys.contains { key in
                pattern.includes(key.identity) && key.scopes.contains(.write)
                    && key.prefixes.contains { $0.contains(prefix.bytes) || prefix.contains($0.bytes) }
            }
        }
    }
}
