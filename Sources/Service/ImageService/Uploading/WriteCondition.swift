public import ObjectStorage

/// When a client wants its write to happen (RFC 9110, sections 13.1.1 and 13.1.2).
public enum WriteCondition: Sendable, Hashable {
    case always
    /// `If-None-Match: *`: only where there is no such picture.
    case createOnly
    /// `If-Match: *`: only where there is one.
    case exists
    /// `If-Match` with tags: only where the current version is one of these.
    case matches([ETag])

    /// How this condition is put to the store, given what a look has found.
    ///
    /// - Throws: ``ServiceError/preconditionFailed`` where it does not hold.
    func mode(given current: ETag?) throws(ServiceError) -> PutMode {
        switch (self, current) {
        case (.always, _): return .overwrite
        case (.createOnly, nil): return .createOnly
        case (.exists, let current?): return .replace(current)
        case (.matches(let tags), let current?) where tags.contains(current): return .replace(current)
        case (.createOnly, _), (.exists, nil), (.matches, _): throw .preconditionFailed
        }
    }
}
