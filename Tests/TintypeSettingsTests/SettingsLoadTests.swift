import AccessControl
import ImageCodecs
import Testing

@testable import TintypeSettings

/// The message of the faults; nil if there are none.
func errorText(_ environment: [String: String], yaml: String = "") -> String? {
    do {
        _ = try Settings.load(environment: environment, yaml: yaml, path: "t.yaml")
        return nil
    } catch {
        return error.description
    }
}

func load(_ environment: [String: String], yaml: String = "") throws -> Settings {
    try Settings.load(environment: environment, yaml: yaml, path: "t.yaml")
}

@Suite struct SettingsLoadTests {
    @Test func nothingSetGivesTheContractsDefaults() throws {
        let settings = try load([:])
        #expect(settings.host.text == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.opsPort == 9090)
        #expect(settings.drain == .seconds(5))
        #expect(settings.storageType == .local)
        #expect(settings.localStoragePath == "./data")
        #expect(settings.s3.region == "us-east-1")
        #expect(settings.s3.uploadSweepAge == .seconds(86_400))
        #expect(settings.storageTimeout == .seconds(10))
        #expect(settings.maxUploadBytes == 52_428_800)
        #expect(settings.uploadMemoryBytes == 192 << 20)
        #expect(settings.maxImagePixels == 120_000_000)
        #expect(settings.maxImageFrames == 10_000)
        #expect(settings.maxProfileBytes == 4 << 20)
        #expect(settings.maxJPEGScans == 100)
        #expect(settings.maxImageChunks == 100_000)
        #expect(settings.maxAnimationPixels == 500_000_000)
        #expect(settings.uploadMetadata == .keep)
        #expect(settings.renderTimeout == .seconds(30))
        #expect(settings.renderMemoryBytes == 536_870_912)
        #expect(settings.cacheMemoryBytes == 268_435_456)
        #expect(settings.cacheRevalidate == .seconds(5))
        #expect(settings.cacheStale == .seconds(3600))
        #expect(settings.cacheControl == "public, no-cache")
        #expect(settings.logLevel == .info)
        #expect(settings.logFormat == .text)
        #expect(!settings.unsafeAllowAnonymousWrites)
    }

    @Test func environmentWinsOverFile() throws {
        let yaml = "port: 7001\nopsPort: 7002\nlogFormat: json\n"
        let settings = try load(["PORT": "8001"], yaml: yaml)
        #expect(settings.port == 8001)
        #expect(settings.opsPort == 7002)
        #expect(settings.logFormat == .json)
    }

    @Test func emptyAndNullCountAsNotSet() throws {
        let settings = try load(["PORT": "", "API_KEYS": ""], yaml: "port: 7001\nhost: ~\ncdnUrl:\n")
        #expect(settings.port == 7001)
        #expect(settings.host == .loopback)
        #expect(settings.cdnURL == nil)
    }

    @Test func everyYamlKeyReachesItsSetting() throws {
        let yaml = """
            storageType: s3
            s3EndpointUrl: "http://minio:9000/"
            s3BucketName: photos
            s3AccessKey: "key"
            s3SecretKey: 'secret'
            s3UsePathStyle: false
            s3UploadSweepSeconds: 0
            """
        let settings = try load([:], yaml: yaml)
        #expect(settings.s3.endpoint?.text == "http://minio:9000")
        #expect(settings.s3.bucket == "photos")
        #expect(!settings.s3.usesPathStyle)
        #expect(settings.s3.uploadSweepAge == nil)
        #expect(settings.s3.credentials?.accessKey.revealed == "key")
        #expect(settings.s3.credentials?.secretKey.revealed == "secret")
    }

    @Test func pathStyleFollowsTheEndpoint() throws {
        #expect(try load(["S3_ENDPOINT_URL": "http://minio:9000"]).s3.usesPathStyle)
        #expect(try !load([:]).s3.usesPathStyle)
    }

    @Test func allErrorsAreToldAtOnce() throws {
        let text = try #require(
            errorText(
                [
                    "PORT": "99999", "S3_SECRET_KEY": "open sesame", "STORAGE_TYPE": "s3", "LOG_LEVEL": "loud",
                    "CDN_URL": "https://u:hunter2@x/",
                ], yaml: "drainSeconds: soon\n"))
        #expect(text.hasPrefix("7 settings are wrong:\n"))
        #expect(text.contains("PORT is \"99999\": expected a whole number from 0 to 65535"))
        #expect(text.contains("drainSeconds in the file is \"soon\": expected a whole number of seconds"))
        #expect(text.contains("S3_SECRET_KEY is ***"))
        #expect(text.contains("S3_BUCKET_NAME is not set"))
        #expect(text.contains("S3_ACCESS_KEY is not set"))
        #expect(text.contains("LOG_LEVEL is \"loud\": expected trace, debug"))
        #expect(text.contains("CDN_URL is ***"))
        #expect(!text.contains("sesame") && !text.contains("hunter2"))
    }

    @Test func anErrorCannotForgeLines() throws {
        let text = try #require(errorText(["LOG_FORMAT": "x\n  PORT is fine\u{1b}[2J"]))
        #expect(text.split(separator: "\n").count == 2)
        #expect(!text.unicodeScalars.contains("\u{1b}"))
    }

    @Test(arguments: [
        "CLAMD_ADDRESS", "TLS_CERT_FILE",
    ])
    func laterSettingsAreRejectedRatherThanIgnored(_ name: String) throws {
        let fromEnvironment = try #require(errorText([name: "hunter2"]))
        #expect(fromEnvironment.contains("\(name) is ***"))
        #expect(fromEnvironment.contains("this version does not have it"))
        let fromFile = try #require(errorText([:], yaml: "\(Setting.key(of: name)): hunter2\n"))
        #expect(fromFile.contains("this version does not have it"))
        #expect(!fromFile.contains("hunter2"))
    }
}
