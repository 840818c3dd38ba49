import AccessControl
import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import TextCoding

/// Limits how often each client asks, around the policy that says what it may do.
///
/// - A request counts once, after it has been permitted: as a read, or as a write.
/// - A credential that is not known yet counts as a failure of its address before it is verified, and the count is
///   taken back if it is valid. So an address without failures left cannot make the server verify signatures, while
///   keys and tokens that are known work on.
struct LimitedPolicy: RequestPolicy {
    private let judging: any RequestPolicy
    private let limits: RateLimits
    private let access: AccessControl?
    private let meter = RateLimitMeter()
    private let now: WallClock
    let hitLimit: (any HitLimit)?

    /// - Parameter access: The credentials that are configured; nil: none.
    init(
        _ judging: any RequestPolicy, _ limits: RateLimits, _ access: AccessControl?,
        now: @escaping WallClock = { Timestamp.now }
    ) {
        self.judging = judging
        self.limits = limits
        self.access = access?.hasCredentials == true ? access : nil
        self.now = now
        hitLimit = limits.limits(.reads) ? ClientHitLimit(limits, KnownClients(self.access), now: now) : nil
    }

    func judge(
        _ action: RequestAction, by origin: RequestOrigin, _ query: Query
    ) async throws(Problem) -> AccessDecision {
        let decision = try await decide(action, origin, query)
        if origin.isCounted {
            let client = decision.identity.flatMap { ClientIdentity($0) } ?? origin.address
            do throws(Problem) {
                try count(action.isWrite ? .writes : .reads, RateLimitClient(client))
            } catch {
                var problem = error
                problem.cause = decision.identity.map { RejectedIdentity(text: $0.text) }
                throw problem
            }
        }
        return decision
    }

    /// Asks the policy, if the address may present a credential.
    private func decide(
        _ action: RequestAction, _ origin: RequestOrigin, _ query: Query
    ) async throws(Problem) -> AccessDecision {
        guard presentsUnknownCredential(origin) else { return try await judging.judge(action, by: origin, query) }
        let client = RateLimitClient(origin.address)
        try count(.failures, client)
        do throws(Problem) {
            let decision = try await judging.judge(action, by: origin, query)
            limits.giveBack(.failures, for: client)
            return decision
        } catch {
            // The credential was valid, but does not permit this; or the client left before that was known.
            if error.code != .unauthorized { limits.giveBack(.failures, for: client) }
            throw error
        }
    }

    private func presentsUnknownCredential(_ origin: RequestOrigin) -> Bool {
        guard let access, limits.limits(.failures),
            origin.headers[.authorization] != nil || origin.headers[.apiKey] != nil
        else { return false }
        guard let credential = try? Credential.read(origin.headers) else { return true }
        return access.knownIdentity(of: credential, now: now().seconds) == nil
    }

    private func count(_ kind: RateLimitKind, _ client: RateLimitClient) throws(Problem) {
        guard let rejection = limits.take(kind, for: client) else { return }
        meter.note(kind)
        throw Problem(rejection)
    }

    func quickGrant(_ request: FastRequest) -> RequestGrant? { judging.quickGrant(request) }

    func countFile(of client: ClientIdentity) { limits.charge(.writes, for: RateLimitClient(client)) }
}

/// Limits how often each client reads what the fast path has.
protocol HitLimit: Sendable {
    /// Counts a request that the fast path is about to answer. If it is not admitted, the normal path answers it, and
    /// says why.
    func admits(_ request: FastRequest) -> Bool
}

private struct ClientHitLimit: HitLimit {
    let limits: RateLimits
    let clients: KnownClients
    let now: WallClock

    init(_ limits: RateLimits, _ clients: KnownClients, now: @escaping WallClock) {
        self.limits = limits
        self.clients = clients
        self.now = now
    }

    func admits(_ request: FastRequest) -> Bool {
        var client: ClientIdentity?
        if let credential = request.authorization { client = clients.owner(of: credential, now: now().seconds) }
        return limits.take(.reads, for: RateLimitClient(client ?? ClientIdentity(request.client?.address))) == nil
    }
}
