import AccessControl
import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TextCoding

/// The policy if credentials are configured. A credential, or a signature for one URL, says who may do what; if reads
/// are public, everybody may read images and their metadata.
struct AccessPolicy: RequestPolicy {
    private let access: AccessControl
    private let isPublic: Bool
    private let grant: RequestGrant
    private let signedGrants: SignedGrants
    private let keyless: WritePolicy
    private let decisions = QuickDecisions()
    private let now: WallClock

    init(
        _ access: AccessControl, _ configuration: ImagesConfiguration, now: @escaping WallClock = { Timestamp.now }
    ) {
        self.access = access
        self.now = now
        isPublic = configuration.readsArePublic
        let control = CacheControl(configuration.cacheControl)
        grant = RequestGrant(
            cacheControl: isPublic ? configuration.cacheControl : control.forOneClient.text,
            versionedCacheControl: (isPublic ? CacheControl.versioned : CacheControl.versioned.forOneClient).text,
            validatedCacheControl: (isPublic ? CacheControl.validated : CacheControl.validated.forOneClient).text,
            renditions: configuration.renditions, maximumUploadBytes: configuration.maximumUploadBytes,
            isForEverybody: isPublic)
        signedGrants = SignedGrants(configuration)
        keyless = WritePolicy(
            areUnrestricted: configuration.allowsAnonymousWrites, allowedOrigins: configuration.origins)
    }

    func judge(
        _ action: RequestAction, by origin: RequestOrigin, _ query: Query
    ) async throws(Problem) -> AccessDecision {
        let identity = access.hasCredentials ? try await identity(of: origin) : nil
        if case .read(let path) = action, access.judgesSignatures, isSigned(query) {
            return AccessDecision(grant: try signedGrant(path.key.bytes, origin.rawQuery), identity: identity)
        }
        if action.isRead, isPublic { return AccessDecision(grant: grant, identity: identity) }
        guard access.hasCredentials else {
            if action.isReading, !isPublic {
                throw Problem.unauthorized("This needs a signed URL. No credential is configured.")
            }
            if action.needsWriter {
                try keyless.judge(origin.headers, authority: origin.authority, isLoopback: origin.isLoopback)
            }
            return AccessDecision(grant: grant)
        }
        guard let identity else { throw Problem.unauthorized("This needs a credential: an API key, or a token.") }
        guard action.right.isHeld(by: identity) else { throw Problem.forbidden(action, identity) }
        return AccessDecision(grant: grant, identity: identity)
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

    private func signedGrant(_ path: [UInt8], _ rawQuery: ArraySlice<UInt8>) throws(Problem) -> RequestGrant {
        let now = now().seconds
        do throws(AccessError) {
            return signedGrants.grant(until: try access.verify(path: path, query: rawQuery, now: now).expires, now: now)
        } catch {
            throw Problem(badSignature: error)
        }
    }

    // MARK: Hits

    func quickGrant(_ request: FastRequest) -> RequestGrant? {
        if isPublic, request.authorization == nil {
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
        if !rawQuery.isEmpty, access.judgesSignatures {
            guard let query = try? Query(rawQuery) else { return nil }
            if isSigned(query) {
                guard let image = Self.imagePath(path),
                    let verified = try? access.verify(path: image, query: rawQuery, now: now)
                else { return nil }
                return (signedGrants.grant(until: verified.expires, now: now), min(verified.expires, end))
            }
        }
        if isPublic { return (grant, end) }
        guard let identity, let image = Self.imagePath(path), identity.may(.read, image) else { return nil }
        return (grant, end)
    }

    private static func imagePath(_ path: ArraySlice<UInt8>) -> [UInt8]? {
        guard case .image(let image)? = try? Route(method: .get, path: path) else { return nil }
        return image.key.bytes
    }
}

/// The grants of signed URLs. No response may be cached for longer than its URL lasts. So that responses can be cached
/// here, all requests within a minute whose URLs end at the same time share a grant; the lifetime that it names is
/// counted from the end of the minute.
private final class SignedGrants: Sendable {
    private let configuration: ImagesConfiguration
    private let state = NIOLockedValueBox<(minute: Int64, grants: [Int64: RequestGrant])>((0, [:]))

    init(_ configuration: ImagesConfiguration) {
        var configuration = configuration
        // A hint would make another rendition than the one that was signed.
        configuration.renditions.hints = []
        self.configuration = configuration
    }

    /// More URLs that end at different times within a minute than this do not share their grants.
    private static let maximum = 4_096

    func grant(until expires: Int64, now: Int64) -> RequestGrant {
        let minute = now / 60
        return state.withLockedValue { state in
            if state.minute != minute || state.grants.count >= Self.maximum { state = (minute, [:]) }
            if let grant = state.grants[expires] { return grant }
            let seconds = expires - (minute + 1) * 60
            let grant = RequestGrant(
                cacheControl: CacheControl(configuration.cacheControl).forOneClient.lasting(atMost: seconds).text,
                versionedCacheControl: CacheControl.versioned.forOneClient.lasting(atMost: seconds).text,
                validatedCacheControl: CacheControl.validated.forOneClient.text, renditions: configuration.renditions,
                maximumUploadBytes: configuration.maximumUploadBytes, isForEverybody: true)
            state.grants[expires] = grant
            return grant
        }
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

/// Who was rejected, for the log.
struct RejectedIdentity: Error, CustomDebugStringConvertible {
    var text: String

    var debugDescription: String { text }
}
