import FoundationEssentials
import Testing

@testable import TintypeSettings

@Suite struct SettingsFileTests {
    @Test func anUnknownKeyIsAnErrorAndItsValueHidden() throws {
        let text = try #require(errorText([:], yaml: "s3SecretkEy: hunter2\nnonsense: 1\npolicies: {a: 1}\n"))
        #expect(text.hasPrefix("3 settings are wrong"))
        #expect(text.contains("perhaps s3SecretKey"))
        #expect(!text.contains("hunter2"))
        #expect(try #require(errorText([:], yaml: "S3_ENDPOINT_URL: x")).contains("perhaps s3EndpointUrl"))
    }

    @Test func aDoubledKeyIsAnError() throws {
        let text = try #require(errorText([:], yaml: "port: 1\nport: 2\n"))
        #expect(text.contains("found again: port"))
    }

    @Test(arguments: ["port: [1]\n", "port: {a: 1}\n"])
    func aSettingIsOneValue(_ yaml: String) throws {
        #expect(try #require(errorText([:], yaml: yaml)).contains("expected one value"))
    }

    @Test(arguments: ["- port\n", "port\n"])
    func aFileIsAMapping(_ yaml: String) throws {
        #expect(try #require(errorText([:], yaml: yaml)).contains("a mapping of settings"))
    }

    @Test func brokenYamlIsToldWithoutItsText() throws {
        let text = try #require(errorText([:], yaml: "s3SecretKey: \"hunter2\nport: 1\n"))
        #expect(text.contains("--config is \"t.yaml\": expected sound YAML, but line"))
        #expect(!text.contains("hunter2"))
    }

    @Test(arguments: ["", "# only a remark\n", "---\n", "~\n"])
    func anEmptyFileSetsNothing(_ yaml: String) {
        #expect(errorText([:], yaml: yaml) == nil)
    }

    @Test func aMissingFileIsAnErrorBesideTheOthers() throws {
        #expect {
            _ = try Settings.load(environment: ["PORT": "x"], file: "/nonexistent/t.yaml")
        } throws: { error in
            (error as? SettingsErrors)?.items.map(\.setting) == ["--config", "PORT"]
        }
    }

    @Test func aFileIsRead() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tintype-settings-\(UUID().uuidString).yaml")
        try Data("port: 7003\n".utf8).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        #expect(try Settings.load(environment: [:], file: path.path()).port == 7003)
    }
}
