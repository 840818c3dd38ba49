import Testing

@testable import TintypeSettings

@Suite struct SettingTableTests {
    @Test func namesAndKeysAreUnique() {
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
    }

    @Test func keysAreLowerCamelCase() {
        #expect(Setting.key(of: "S3_ENDPOINT_URL") == "s3EndpointUrl")
        #expect(Setting.key(of: "HOST") == "host")
        #expect(Setting.key(of: "UNSAFE_ALLOW_ANONYMOUS_WRITES") == "unsafeAllowAnonymousWrites")
    }

    /// An operator could not write out a default that its own setting rejects.
    @Test func everyDefaultIsAValueOfItsSetting() {
        for setting in Setting.all where !setting.isSecret {
            guard let value = setting.value(in: Settings()), value == setting.defaultText else { continue }
            var settings = Settings()
            let isNote = [
                "AWS for the region", "true with an endpoint", "S3_ENDPOINT_URL", "one for each core",
                "failures=10/100 if credentials are configured",
                "on with credentials",
            ].contains(value)
            #expect(setting.set(value, in: &settings) != isNote, "\(setting.name)")
        }
    }

    @Test func boundsAreInclusive() throws {
        #expect(try load(["UPLOAD_MEMORY_BYTES": "16777216"]).uploadMemoryBytes == 16 << 20)
        #expect(errorText(["UPLOAD_MEMORY_BYTES": "16777215"]) != nil)
        #expect(try load(["PORT": "65535"]).port == 65_535)
        #expect(errorText(["PORT": "65536"]) != nil)
        #expect(try load(["DRAIN_SECONDS": "0"]).drain == .zero)
        // The process ends within 30 s of the signal, and running requests need some of this time.
        #expect(try load(["DRAIN_SECONDS": "20"]).drain == .seconds(20))
        #expect(errorText(["DRAIN_SECONDS": "21"]) != nil)
        #expect(errorText(["STORAGE_TIMEOUT_SECONDS": "0"]) != nil)
        #expect(try load(["MAX_UPLOAD_BYTES": "1"]).maxUploadBytes == 1)
        #expect(errorText(["MAX_UPLOAD_BYTES": "0"]) != nil)
        #expect(try load(["RENDER_THREADS": "1"]).renderThreads == 1)
    }

    @Test(arguments: [
        ("MAX_IMAGE_FRAMES", "1", "0"), ("MAX_IMAGE_FRAMES", "1000000", "1000001"),
        ("MAX_PROFILE_BYTES", "1024", "1023"), ("MAX_PROFILE_BYTES", "67108864", "67108865"),
        ("MAX_JPEG_SCANS", "1", "0"), ("MAX_JPEG_SCANS", "10000", "10001"), ("MAX_IMAGE_CHUNKS", "100", "99"),
        ("MAX_ANIMATION_PIXELS", "1", "0"), ("RENDER_TIMEOUT_SECONDS", "1", "0"),
        ("RENDER_TIMEOUT_SECONDS", "3600", "3601"), ("UPLOAD_METADATA", "keep", "none"),
        ("UPLOAD_METADATA", "drop-location", "dropLocation"), ("UPLOAD_METADATA", "drop-all", "DROP-ALL"),
    ])
    func limitsOfImages(_ name: String, taken: String, rejected: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        #expect(try setting.value(in: load([name: taken])) == taken)
        #expect(try setting.value(in: load([:], yaml: "\(setting.key): \(taken)")) == taken)
        let message = try #require(errorText([name: rejected]))
        #expect(message.contains(name) && message.contains(setting.expected))
    }

    @Test(arguments: ["+1", "-1", "1.0", "0x10", "1e3", " 8080", "8080 ", "٣", "1_000", "99999999999999999999"])
    func noNumber(_ text: String) {
        #expect(WholeNumber.parse(text) == nil)
        #expect(errorText(["PORT": text]) != nil)
    }

    @Test(arguments: ["TRUE", "yes", "1", "on"])
    func noFlag(_ text: String) {
        #expect(errorText(["S3_CREATE_BUCKET": text]) != nil)
    }

    @Test(arguments: ["public, max-age=60", "no-cache"])
    func header(_ text: String) throws {
        #expect(try load(["CACHE_CONTROL": text]).cacheControl == text)
    }

    @Test(arguments: ["a\r\nSet-Cookie: x", " a", "a ", "ä", String(repeating: "a", count: 257)])
    func noHeader(_ text: String) {
        #expect(errorText(["CACHE_CONTROL": text]) != nil)
    }
}
