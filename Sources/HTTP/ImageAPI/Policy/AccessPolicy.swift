import AccessControl
import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TextCoding

/// The policy if credentials, keys for signed URLs or policies by prefix are configured. A credential, or a signature
/// for one URL, says who may do what; if reads are public, everybody may read images and their metadata.
struct AccessPolicy: RequestPolicy {
    private let access: AccessControl
    private let grants: CurrentPolicyGrants
    /// Where no policy holds.
    private let isPublic: Bool
    private let grant: RequestGrant
    private let keyless: WritePolicy
    private let decisions = QuickDecisions()
    private let now: WallClock

    init(
        _ access: AccessControl, _ configuration: ImagesConfiguration, now: @escaping WallClock = { Timestamp.now }
    ) {
        self.access = access
        self.now = now
        grants = CurrentPolicyGrants(access, configuration)
        isPublic = grants.base.isPublic
        grant = grants.base.grant
        keyless = WritePolicy(
            areUnrestricted: configuration.allowsAnonymousWrites, allowedOrigins: configuration.origins)
    }

    func judge(
        _ action: RequestAction, by origin: RequestOrigin, _ query: Query
    ) async throws(Problem) -> AccessDecision {
        let identity = access.hasCredentials ? try await identity(of: origin) : nil
        let grants = grants.current
        if case .read(let path) = action, access.judgesSignatures, isSigned(query) {
            return AccessDecision(
                grant: try signedGrant(path.key.bytes, origin.rawQuery, grants, by: identity), identity: identity)
        }
        return AccessDecision(grant: try judge(action, by: identity, origin, grants), identity: identity)
    }

    /// Judges what is not signed.
    ///
    /// - Parameter identity: the caller; nil: no credential was presented, or none is configured.
    func judge(
        _ action: RequestAction, by identity: Identity?, _ origin: RequestOrigin
    ) throws(Problem) -> RequestGrant {
        try judge(action, by: identity, origin, grants.current)
    }

    private func judge(
        _ action: RequestAction, by identity: Identity?, _ origin: RequestOrigin, _ grants: PolicyGrants
    ) throws(Problem) -> RequestGrant {
        let rules = grants.rules(for: action)
        if action.isRead, rules.isPublic { return rules.grant }
        guard access.hasCredentials else {
            if action.isReading, !grants.isPublic(action) {
                throw Problem.unauthorized("This needs a signed URL. No credential is configured.")
            }
            if action.needsWriter {
                try keyless.judge(origin.headers, authority: origin.authority, isLoopback: origin.isLoopback)
            }
            if action.isWriting { try rules.judgeWriter(nil) }
            return rules.grant
        }
        guard let identity else { throw Problem.unauthorized("This needs a credential: an API key, or a token.") }
        guard action.right.isHeld(by: identity) else { throw Problem.forbidden(action, identity) }
        if action.isWriting { try rules.judgeWriter(identity) }
        return rules.grant
    }

    private func identity(of origin: RequestOrigin) async throws(Problem) -> Identity? {
        do throws(AccessError) {
            guard let credential = try Credential.read(origin.headers) else { return nil }
            return try await access.identity(of: credential, now: now().seconds)
        } catch {
            throw Problem.unauthorized("The credential is not valid here.", cause: error)
        }
    }

    // MARK: Signatures

    /// A signature without a name that the server can read is none: the request is then judged without it.
    private func isSigned(_ query: Query) -> Bool {
        query.items.contains { $0.name == URLSignature.Parameter.signature }
    }

    private func signedGrant(
        _ path: [UInt8], _ rawQuery: ArraySlice<UInt8>, _ grants: PolicyGrants, by identity: Identity?
    ) throws(Problem) -> RequestGrant {
        let now = now().seconds
        do throws(AccessError) {
            let expires = try access.verify(path: path, query: rawQuery, now: now).expires
            return grants.rules(for: path).signedGrants.grant(until: expires, now: now)
        } catch {
            var problem = Problem(badSignature: error)
            problem.cause = identity.map { RejectedIdentity(text: $0.text) }
            throw problem
        }
    }

    // MARK: Hits

    func quickGrant(_ request: FastRequest) -> RequestGrant? {
        if isPublic, request.authorization == nil, access.policyGeneration == 0 {
            // The usual hit: there is nothing to judge.
            let mark = UInt8(ascii: "?")
            guard access.judgesSignatures, request.target.readableBytesView.contains(mark) else { return grant }
        }
        let now = now().seconds
        let key = QuickDecisions.Key(
            target: request.target, authorization: request.authorization, generation: access.generation,
            minute: now / 60)
        if let known = decisions.grant(key, now: now) { return known }
        guard let (grant, until) = quickDecision(request, now: now) else { return nil }
        decisions.keep(grant, key, until: until)
        return grant
    }

    /// - Returns: the grant and its end in Unix seconds; nil if the normal path has to judge.
    private func quickDecision(_ request: FastRequest, now: Int64) -> (RequestGrant, until: Int64)? {
        let (path, rawQuery) = Route.split(target: String(buffer: request.target))
        var identity: Identity?
        if access.hasCredentials, let field = request.authorization {
            // A credential that was not verified yet is verified on the normal path.
            guard let credential = Credential(authorization: field.readableBytesView),
                let known = access.knownIdentity(of: credential, now: now)
            else { return nil }
            identity = known
        }
        let end = identity?.expires ?? .max
        let grants = grants.current
        if !rawQuery.isEmpty, access.judgesSignatures {
            guard let query = try? Query(rawQuery) else { return nil }
            if isSigned(query) {
                guard let image = Self.imagePath(path),
                    let verified = try? access.verify(path: image, query: rawQuery, now: now)
                else { return nil }
                let grant = grants.rules(for: image).signedGrants.grant(until: verified.expires, now: now)
                return (grant, min(verified.expires, end))
            }
        }
        guard let image = Self.imagePath(path) else { return nil }
        let rules = grants.rules(for: image)
        guard rules.isPublic || identity?.may(.read, image) == true else { return nil }
        return (rules.grant, end)
    }

    private static func imagePath(_ path: ArraySlice<UInt8>) -> [UInt8]? {
        guard case .image(let image)? = try? Route(method: .get, path: path) else { return nil }
        return image.key.bytes
    }
}

extension Problem {
    static func unauthorized(_ detail: String, cause: (any Error)? = nil) -> Problem {
        var problem = Problem(.unauthorized, detail, cause: cause)
        problem.headers[.wwwAuthenticate] = cause == nil ? "Bearer" : #"Bearer error="invalid_token""#
        return problem
    }

    fileprivate static func forbidden(_ action: RequestAction, _ identity: Identity) -> Problem {
        let scope = action.right.scope
        guard identity.scopes.isSuperset(of: scope) else {
            return Problem(
                .forbidden, "This needs the scope \(scope.names.joined(separator: " ")), which the credential lacks.",
                cause: RejectedIdentity(text: identity.text))
        }
        return Problem(
            .forbidden, "The prefixes of the credential do not cover this path.",
            cause: RejectedIdentity(text: identity.text))
    }

    fileprivate init(badSignature error: AccessError) {
        switch error {
        case .badSignature(let detail), .badCredential(let detail): self.init(.badSignature, detail)
        }
    }
}
