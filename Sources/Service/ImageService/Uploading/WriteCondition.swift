public import ObjectStorage

/// The condition of a client's write (RFC 9110, sections 13.1.1 and 13.1.2).
public enum WriteCondition: Sendable, Hashable {
    /// No condition.
    case always
    /// `If-None-Match: *`: only if there is no such picture.
    case createOnly
    /// `If-Match: *`: only if there is one.
    case exists
    /// `If-Match` with tags: only if the current version is one of these.
    case matches([ETag])

    /// The mode of the store's write for this condition, given the version that a look has found.
    ///
    /// - Throws: ``ServiceError/preconditionFailed`` if the condition does not hold.
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
