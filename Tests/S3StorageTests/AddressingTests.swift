import ObjectStorage
import Testing

@testable import S3Storage

@Suite struct AddressingTests {
    @Test func endpoints() throws {
        let plain = try #require(S3Endpoint("http://minio:9000/"))
        #expect(!plain.isSecure && plain.host == "minio" && plain.port == 9000 && plain.basePath.isEmpty)
        let deep = try #require(S3Endpoint("HTTPS://Example.com/storage/v1/s3/"))
        #expect(deep.isSecure && deep.host == "example.com" && deep.port == nil && deep.basePath == "/storage/v1/s3")
        let literal = try #require(S3Endpoint("http://[::1]:8333"))
        #expect(literal.authority == "[::1]:8333")
        #expect(S3Endpoint(isSecure: false, host: "::1", port: 8333).authority == "[::1]:8333")
        #expect(S3Endpoint(isSecure: true, host: "h", port: 443).authority == "h")
        #expect(S3Endpoint(isSecure: true, host: "h", port: 80).authority == "h:80")
    }

    @Test(arguments: [
        "", "minio:9000", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:b",
        "http://user@a", "http://a?b", "http://a#b", "http://a b", "http://[::1", "http://a:1:2",
    ])
    func invalidEndpointsAreRejected(_ text: String) {
        #expect(S3Endpoint(text) == nil)
    }

    @Test func awsByRegion() {
        #expect(S3Endpoint.aws(region: "eu-west-1").host == "s3.eu-west-1.amazonaws.com")
        #expect(S3Endpoint.aws(region: "cn-north-1").host == "s3.cn-north-1.amazonaws.com.cn")
    }

    @Test func virtualHostOnAWS() throws {
        let addressing = S3Addressing(S3Configuration(bucket: "photos"))
        #expect(addressing.authority == "photos.s3.us-east-1.amazonaws.com")
        #expect(addressing.path(try key("a b/c")) == Array("/a b/c".utf8))
        #expect(addressing.path(nil) == Array("/".utf8))
    }

    @Test func pathStyle() throws {
        let endpoint = try #require(S3Endpoint("http://h:1/base%20path"))
        let addressing = S3Addressing(S3Configuration(endpoint: endpoint, bucket: "photos"))
        #expect(addressing.authority == "h:1")
        #expect(addressing.path(try key("//a")) == Array("/base path/photos///a".utf8))
        #expect(addressing.path(nil) == Array("/base path/photos".utf8))
        #expect(S3Configuration(bucket: "with.dots").usePathStyle)
        #expect(S3Configuration(endpoint: endpoint, bucket: "b", usePathStyle: false).usePathStyle == false)
    }

    @Test func raceResults() {
        var result = RaceResult()
        #expect(result.support == .raced && result.needsRaces)
        result.addFalseCondition(.lost)
        result.addRace([.lost, .won, .lost])
        #expect(result.support == .atomic && !result.needsRaces)
        result.addRace([.lost, .lost])
        #expect(result.support == .atomic)
        result.addRace([.won, .lost, .won])
        #expect(result.support == .raced)
        result.addFalseCondition(.won)
        #expect(result.support == .ignored && !result.needsRaces)
        result.addFalseCondition(.rejected)
        #expect(result.support == .rejected)
    }
}
