import HTTPServer
import ImageRequests

/// The policy if no credential, no key for signed URLs and no settings file, which may have policies, is configured:
/// everybody may read, and ``WritePolicy`` says who may write.
struct KeylessPolicy: RequestPolicy {
    private let writes: WritePolicy
    private let grant: RequestGrant

    init(_ configuration: ImagesConfiguration) {
        writes = WritePolicy(
            areUnrestricted: configuration.allowsAnonymousWrites, allowedOrigins: configuration.origins)
        grant = RequestGrant(
            cacheControl: configuration.cacheControl, renditions: configuration.renditions,
            maximumUploadBytes: configuration.maximumUploadBytes, isForEverybody: true)
    }

    func judge(_ action: RequestAction, by origin: RequestOrigin, _ query: Query) throws(Problem) -> AccessDecision {
        if action.needsWriter {
            try writes.judge(origin.headers, authority: origin.authority, isLoopback: origin.isLoopback)
        }
        return AccessDecision(grant: grant)
    }

    func quickGrant(_ request: FastRequest) -> RequestGrant? { grant }
}
