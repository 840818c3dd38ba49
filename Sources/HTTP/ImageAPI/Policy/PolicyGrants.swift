import AccessControl
import ImageModel
import ImageRequests
import ImageService
import NIOConcurrencyHelpers
import ObjectStorage

/// The rules for all paths under one policy, or for all paths that have no policy.
final class PlaceRules: Sendable {
    /// Whether everybody may read images and their metadata.
    let isPublic: Bool
    /// Of requests that are not signed. Made once, because the fast path compares grants by identity.
    let grant: RequestGrant
    let signedGrants: SignedGrants
    /// Nil: there is no policy.
    private let policy: Policies.Policy?

    /// - Parameters:
    ///   - configuration: the settings, and where a policy says something else, that.
    ///   - policy: its types, limits, writers and lifetime.
    init(_ configuration: ImagesConfiguration, _ policy: Policies.Policy? = nil) {
        self.policy = policy
        isPublic = configuration.readsArePublic
        let rules = policy?.rules
        let uploads = UploadRules(
            maximumBytes: rules?.maximumUploadBytes.map { Int64($0) }, maximumPixels: rules?.maximumPixels,
            formats: rules?.types.map { $0.compactMap(ImageFormat.init) })
        let lifetime = rules?.lifetime.flatMap { ImageLifetime(seconds: Int64($0)) }
        let control = CacheControl(configuration.cacheControl)
        grant = RequestGrant(
            cacheControl: isPublic ? configuration.cacheControl : control.forOneClient.text,
            versionedCacheControl: (isPublic ? CacheControl.versioned : CacheControl.versioned.forOneClient).text,
            validatedCacheControl: (isPublic ? CacheControl.validated : CacheControl.validated.forOneClient).text,
            renditions: configuration.renditions, maximumUploadBytes: configuration.maximumUploadBytes,
            uploads: uploads, lifetime: lifetime, isForEverybody: isPublic)
        signedGrants = SignedGrants(configuration, lifetime: lifetime)
    }

    /// - Parameter identity: nil: no credential is configured.
    /// - Throws: ``Problem`` if the policy names writers, and the caller is not among them.
    func judgeWriter(_ identity: Identity?) throws(Problem) {
        guard let policy, !policy.rules.letWrite(identity) else { return }
        let place = policy.prefix.bytes.isEmpty ? "this server" : "\(policy.prefix.text.debugDescription)"
        throw Problem(
            .forbidden, "The policy of \(place) does not let this caller write there.",
            cause: identity.map { RejectedIdentity(text: $0.text) })
    }
}

/// The rules of every place, for one list of policies.
final class PolicyGrants: Sendable {
    private let policies: Policies
    /// Where no policy holds.
    private let base: PlaceRules
    /// In the order of the policies.
    private let places: [PlaceRules]

    /// - Parameter base: the same for every list, so that a reload of policies changes nothing where there are none.
    init(_ policies: Policies, _ configuration: ImagesConfiguration, base: PlaceRules) {
        self.policies = policies
        self.base = base
        places = policies.all.map { PlaceRules(configuration.changed(by: $0.rules), $0) }
    }

    /// What holds for a path.
    func rules(for path: some Collection<UInt8>) -> PlaceRules {
        policies.place(for: path).map { places[$0] } ?? base
    }

    /// What holds for an action. One without a place has the rules of places without a policy.
    func rules(for action: RequestAction) -> PlaceRules {
        switch action {
        case .read(let path), .describe(let path, _), .upload(let path), .rotate(let path), .delete(let path):
            rules(for: path.key.bytes)
        // The generated names have no slash, so that a policy of a longer prefix never decides about them.
        case .uploadInto(let prefix): rules(for: prefix)
        case .list, .uploadForm, .sign, .showAccess, .showStatus: base
        }
    }

    /// Whether everybody may read everything that an action shows.
    func isPublic(_ action: RequestAction) -> Bool {
        switch action {
        case .read(let path), .describe(let path, _): rules(for: path.key.bytes).isPublic
        case .sign(let paths): base.isPublic && paths.allSatisfy { rules(for: $0.key.bytes).isPublic }
        case .list(let prefix):
            rules(for: prefix).isPublic && places[policies.places(within: prefix)].allSatisfy(\.isPublic)
        case .upload, .uploadForm, .uploadInto, .rotate, .delete, .showAccess, .showStatus: base.isPublic
        }
    }
}

/// The grants of the policies in force. They are made anew after a reload.
final class CurrentPolicyGrants: Sendable {
    /// Where no policy holds.
    let base: PlaceRules
    private let access: AccessControl
    private let configuration: ImagesConfiguration
    private let known: NIOLockedValueBox<(generation: UInt64, grants: PolicyGrants)>

    init(_ access: AccessControl, _ configuration: ImagesConfiguration) {
        self.access = access
        self.configuration = configuration
        base = PlaceRules(configuration)
        let (policies, generation) = access.policiesWithGeneration
        known = NIOLockedValueBox((generation, PolicyGrants(policies, configuration, base: base)))
    }

    /// For the policies in force.
    var current: PolicyGrants {
        let present = known.withLockedValue { $0 }
        guard present.generation != access.policyGeneration else { return present.grants }
        // Made outside the lock, so that nobody waits: after a reload, a few may do the same work.
        let (policies, generation) = access.policiesWithGeneration
        let grants = PolicyGrants(policies, configuration, base: base)
        return known.withLockedValue { known in
            // Requests compare grants by identity, so all use those that were stored first.
            if known.generation < generation { known = (generation, grants) }
            return known.grants
        }
    }
}

extension ImagesConfiguration {
    /// The settings, changed by what a policy says about reading, sizes and caching.
    fileprivate func changed(by rules: PolicyRules) -> ImagesConfiguration {
        var configuration = self
        if let reads = rules.reads { configuration.readsArePublic = reads == .public }
        if let cacheControl = rules.cacheControl { configuration.cacheControl = cacheControl }
        if let bytes = rules.maximumUploadBytes {
            configuration.maximumUploadBytes = min(maximumUploadBytes, Int64(bytes))
        }
        switch rules.renditions {
        case nil: break
        case .any: configuration.renditions.mode = .any
        case .presets(let names):
            configuration.renditions.mode = .presets
            if let names { configuration.renditions.presets = renditions.presets.filter { names.contains($0.key) } }
        }
        return configuration
    }
}

/// The grants of signed URLs. No response may be cached for longer than its URL lasts. So that responses can be cached
/// here, all requests within a minute whose URLs end at the same time share a grant; the lifetime that it names is
/// counted from the end of the minute.
final class SignedGrants: Sendable {
    private let configuration: ImagesConfiguration
    private let lifetime: ImageLifetime?
    private let state = NIOLockedValueBox<(minute: Int64, grants: [Int64: RequestGrant])>((0, [:]))

    /// - Parameter lifetime: of images.
    init(_ configuration: ImagesConfiguration, lifetime: ImageLifetime?) {
        var configuration = configuration
        // A hint would make another rendition than the one that was signed.
        configuration.renditions.hints = []
        self.configuration = configuration
        self.lifetime = lifetime
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
                maximumUploadBytes: configuration.maximumUploadBytes, lifetime: lifetime, isForEverybody: true)
            state.grants[expires] = grant
            return grant
        }
    }
}

/// Who was rejected, for the log.
struct RejectedIdentity: Error, CustomDebugStringConvertible {
    var text: String

    var debugDescription: String { text }
}
