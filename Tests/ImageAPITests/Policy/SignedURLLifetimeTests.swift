import AccessControl
import HTTPTypes
import ImageService
import Logging
import Testing
import TextCoding

@testable import ImageAPI

/// A signed URL does not outlive the token that made it: who may read for some minutes could otherwise read for a week.
@Suite("Lifetime of signed URLs", .timeLimit(.minutes(1)))
struct SignedURLLifetimeTests {
    private static let secret = String(repeating: "t", count: 32)
    private static let grain: Int64 = 300

    private func application() async throws -> TestApplication {
        let keys = TokenKeySource(
            secrets: await TokenKeys(hmacSecrets: [try TokenSecret(Self.secret)]), logger: Logger(label: "test"))
        let access = AccessControl(
            apiKeys: try APIKeys(parsing: "k:\(String(repeating: "k", count: 32)):read"),
            signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 604_800, grainSeconds: Self.grain),
            tokens: TokenAccess(
                TokenAuthenticator(keys: keys, cache: VerifiedTokens(), issuer: nil, audience: nil), template: .perUser)
        )
        let configuration = try FastPathFixture.makeConfiguration()
        return try TestApplication(
            try await FastPathFixture.makeService(), policy: AccessPolicy(access, configuration), access: access)
    }

    /// The `exp` of a URL for `users/7/a.jpg`.
    private func end(
        _ application: TestApplication, _ credential: String, for seconds: Int
    ) async throws -> Int64 {
        let body = #"{"path":"users/7/a.jpg","expiresIn":\#(seconds)}"#
        let answer = try await application.send(
            .post, "signed-urls", [.authorization: "Bearer \(credential)"], body: Array(body.utf8))
        #expect(answer.status == 200)
        return try #require(answer.text.firstMatch(of: /exp=(\d+)/).flatMap { Int64($0.1) })
    }

    private func token(exp: Int64) throws -> String {
        let claims = #"{"sub":"7","exp":\#(exp)}"#
        return try #require(
            TestToken.sign(claims: Array(claims.utf8), algorithm: .hs256, secret: try TokenSecret(Self.secret)))
    }

    private func roundedUp(_ seconds: Int64) -> Int64 { (seconds + Self.grain - 1) / Self.grain * Self.grain }

    @Test("It ends with the token, rounded up to the grain")
    func capped() async throws {
        let application = try await application()
        let now = Timestamp.now.seconds
        for life in [100, 1_000, 10_000] as [Int64] {
            let token = try token(exp: now + life)
            #expect(try await end(application, token, for: 604_800) == roundedUp(now + life))
        }
    }

    @Test("A shorter time is kept, and an API key has no end")
    func notCapped() async throws {
        let application = try await application()
        let token = try token(exp: Timestamp.now.seconds + 100_000)
        for (credential, seconds) in [(token, 5_000), (String(repeating: "k", count: 32), 604_800)] {
            let before = Timestamp.now.seconds
            let end = try await end(application, credential, for: seconds)
            let after = Timestamp.now.seconds
            #expect((roundedUp(before + Int64(seconds))...roundedUp(after + Int64(seconds))).contains(end))
        }
    }

    @Test("A token within its leeway makes a URL of one grain at most")
    func leeway() async throws {
        let application = try await application()
        let now = Timestamp.now.seconds
        let end = try await end(application, try token(exp: now - 5), for: 604_800)
        #expect(end <= roundedUp(Timestamp.now.seconds + 1))
    }
}
