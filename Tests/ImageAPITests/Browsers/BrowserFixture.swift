import AccessControl
import HTTPTypes
import ImageRequests
import ImageService
import TextCoding

@testable import ImageAPI

/// A server with keys for `a/`, signed URLs, and origins that may use it.
struct BrowserFixture {
    static let shop = "https://shop.example"
    static let secret = "secret-of-shop-" + String(repeating: "x", count: 32)
    static let key: HTTPFields = [.authorization: "Bearer \(secret)"]

    let application: TestApplication
    let access: AccessControl
    let policy: AccessPolicy
    let configuration: ImagesConfiguration

    init(
        isPublic: Bool, origins: AllowedOrigins = AllowedOrigins([shop]), audit: AuditLog? = nil
    ) async throws {
        let service = try await FastPathFixture.makeService()
        for path in ["a/p.jpg", "b/p.jpg"] { try await FastPathFixture.store(path, 9_000, in: service) }
        access = AccessControl(
            apiKeys: try APIKeys(
                parsing: "shop:\(Self.secret):read write delete:a/,operator:\(Self.secret)-o:admin"),
            signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300))
        var configuration = try FastPathFixture.makeConfiguration(origins: origins)
        configuration.readsArePublic = isPublic
        self.configuration = configuration
        policy = AccessPolicy(access, configuration)
        application = try TestApplication(
            service, policy: policy, access: access, configuration: configuration, audit: audit)
    }

    /// The target of a signed URL.
    func sign(_ path: String, _ query: String = "") throws -> String {
        let signed = access.sign(path: path.utf8, query: query, for: 600, now: Timestamp.now.seconds)
        return "images/\(path)?\(signed?.query ?? "")"
    }
}
