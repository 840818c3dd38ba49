import Testing

@testable import TintypeSettings

@Suite struct SettingsRulesTests {
    @Test(arguments: ["0.0.0.0", "::", "10.0.0.1", "example.org", "::ffff:127.0.0.1"])
    func anonymousWritesNeedTheirFlagElsewhere(_ host: String) throws {
        let text = try #require(errorText(["HOST": host]))
        #expect(text.contains("HOST is \"\(host)\""))
        #expect(text.contains("UNSAFE_ALLOW_ANONYMOUS_WRITES=true"))
        #expect(try load(["HOST": host, "UNSAFE_ALLOW_ANONYMOUS_WRITES": "true"]).host.text == host)
    }

    private static let secret = String(repeating: "x", count: 32)

    @Test(arguments: [
        ["API_KEYS": "a:\(secret):read"], ["API_KEYS_FILE": "/f"], ["JWT_HMAC_SECRET": secret],
        ["JWT_HMAC_SECRETS_FILE": "/f"], ["JWT_JWKS_FILE": "/f"],
        ["JWT_JWKS_URL": "https://idp.example/keys", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a"],
    ])
    func credentialsOpenEveryAddressAndProtectReads(_ environment: [String: String]) throws {
        let all = environment.merging(["HOST": "0.0.0.0", "READ_ACCESS": "protected"]) { $1 }
        #expect(try load(all).readAccess == .protected)
    }

    @Test func protectedReadsNeedSomebodyWhoMayRead() throws {
        #expect(try #require(errorText(["READ_ACCESS": "protected"])).contains("READ_ACCESS"))
        #expect(try load(["READ_ACCESS": "protected", "URL_SIGNING_KEYS": "k:\(Self.secret)"]).hasSigningKeys)
    }

    @Test(arguments: [
        (["API_KEYS": "a:hunter2-hunter2:read"], "API_KEYS"), (["URL_SIGNING_KEYS": "k:hunter2"], "URL_SIGNING_KEYS"),
        (["JWT_HMAC_SECRET": "hunter2"], "JWT_HMAC_SECRET"), (["JWT_PREFIXES": "hunter2"], "JWT_PREFIXES"),
        (["JWT_JWKS_URL": "https://idp.example/keys"], "JWT_ISSUER"),
        (["JWT_JWKS_URL": "https://idp.example/keys", "JWT_ISSUER": "i"], "JWT_AUDIENCE"),
        (["JWT_JWKS_URL": "https://user:hunter2@idp.example/"], "JWT_JWKS_URL"),
    ])
    func wrongCredentialsAreNamed(_ environment: [String: String], _ name: String) throws {
        let text = try #require(errorText(environment))
        #expect(text.contains(name))
        // What is wrong with a template is no secret.
        #expect(name == "JWT_PREFIXES" || !text.contains("hunter2"), "\(text)")
    }

    @Test(arguments: ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST"])
    func loopbackNeedsNone(_ host: String) throws {
        #expect(try load(["HOST": host]).host.isLoopback)
    }

    @Test(arguments: ["", " ", "256.1.1.1", "1.2.3", "a b", "http://x", "x:80", "[127.0.0.1]", "-x", "x..y", "::g"])
    func noHost(_ host: String) {
        #expect(ListenHost(host) == nil)
    }

    @Test func healthcheckAsksLoopbackForWildcards() throws {
        #expect(ListenHost("0.0.0.0")?.reachable == "127.0.0.1")
        #expect(ListenHost("::")?.reachable == "::1")
        #expect(ListenHost("10.0.0.1")?.reachable == "10.0.0.1")
        #expect(ListenHost.authority(of: "::1") == "[::1]")
    }

    @Test func portsDiffer() throws {
        #expect(try #require(errorText(["PORT": "9090"])).contains("another port than PORT"))
        #expect(try load(["PORT": "0", "OPS_PORT": "0"]).port == 0)
    }

    @Test func keyPairsAreNotMixed() throws {
        let base = ["STORAGE_TYPE": "s3", "S3_BUCKET_NAME": "photos"]
        let aws = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SESSION_TOKEN": "C"]
        let own = ["S3_ACCESS_KEY": "X", "S3_SECRET_KEY": "Y"]
        let merge = { (left: [String: String], right: [String: String]) in left.merging(right) { $1 } }

        let fromAWS = try #require(try load(merge(base, aws)).s3.credentials)
        #expect(fromAWS.accessKey.revealed == "A")
        #expect(fromAWS.secretKey.revealed == "B")
        #expect(fromAWS.sessionToken?.revealed == "C")

        let fromOwn = try #require(try load(merge(merge(base, aws), own)).s3.credentials)
        #expect(fromOwn.accessKey.revealed == "X")
        #expect(fromOwn.sessionToken == nil)

        let half = try #require(errorText(merge(merge(base, aws), ["S3_ACCESS_KEY": "X"])))
        #expect(half.contains("S3_SECRET_KEY is not set"))
    }

    @Test func regionFallsBackToAWS() throws {
        #expect(try load(["AWS_DEFAULT_REGION": "eu-1"]).s3.region == "eu-1")
        #expect(try load(["AWS_DEFAULT_REGION": "eu-1", "AWS_REGION": "eu-2"]).s3.region == "eu-2")
        #expect(try load(["AWS_REGION": "eu-2", "S3_REGION": "garage"]).s3.region == "garage")
        #expect(try #require(errorText(["AWS_REGION": "not a region"])).contains("AWS_REGION is \"not a region\""))
    }

    @Test func s3SettingsBesideLocalAreCheckedOnly() throws {
        #expect(try load(["S3_BUCKET_NAME": "photos"]).storageType == .local)
        #expect(errorText(["S3_BUCKET_NAME": "NO"]) != nil)
    }

    @Test(arguments: ["abc", "my.bucket-1", String(repeating: "a", count: 63), "1.2.3.4.5"])
    func bucket(_ name: String) { #expect(BucketName.isValid(name)) }

    @Test(arguments: [
        "ab", String(repeating: "a", count: 64), "Abc", "a_b", "-abc", "abc.", "a..b", "192.168.0.1", "a/b", "äbc",
    ])
    func noBucket(_ name: String) { #expect(!BucketName.isValid(name)) }

    @Test func secretsAreNotPrinted() throws {
        let environment = ["S3_ACCESS_KEY": "AKIA", "S3_SECRET_KEY": "hunter2", "S3_SESSION_TOKEN": "token7"]
        let settings = try load(environment)
        var dumped = ""
        dump(settings, to: &dumped)
        let shown = dumped + "\(settings)" + String(reflecting: settings) + SettingsReference.effective(settings)
        for secret in environment.values { #expect(!shown.contains(secret)) }
        #expect(SettingsReference.effective(settings).contains("S3_SECRET_KEY=***"))
    }
}
