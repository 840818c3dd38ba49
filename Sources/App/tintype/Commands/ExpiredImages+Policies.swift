import AccessControl
import ImageService
import ObjectStorage

extension ExpiredImages {
    /// The images that have outlived the lifetime of their policy.
    init(storage: any ObjectStorage, policies: Policies, isRemoving: Bool) {
        self.init(storage: storage, prefixes: policies.prefixesWithLifetime, isRemoving: isRemoving) { key in
            policies.policy(for: key.bytes)?.rules.lifetime.flatMap { ImageLifetime(seconds: Int64($0)) }
        }
    }
}
