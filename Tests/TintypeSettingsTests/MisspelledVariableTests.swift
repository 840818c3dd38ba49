import Testing

@testable import TintypeSettings

/// Variables that look like settings but are not.
@Suite struct MisspelledVariableTests {
    private func meant(by name: String) -> String? {
        MisspelledVariable.all(in: [name: "x", "HOME": "/root"]).first { $0.name == name }?.meant
    }

    @Test(arguments: [
        // A changed, added or missing letter; two of them; renamed settings.
        ("LOG_LEVIL", "LOG_LEVEL"), ("LOG_LEVELS", "LOG_LEVEL"), ("LOG_LEVL", "LOG_LEVEL"),
        ("CACHE_MEMORY_BITES", "CACHE_MEMORY_BYTES"), ("CACH_MEMORY_BYTE", "CACHE_MEMORY_BYTES"),
        ("S3_BUKET_NAME", "S3_BUCKET_NAME"), ("API_KEY", "API_KEYS"), ("LADDER_SIDE", "INTERMEDIATE_SIDE"),
        ("LADDER_QUALITY", "INTERMEDIATE_QUALITY"),
    ])
    func isNoticed(name: String, setting: String) {
        #expect(meant(by: name) == setting)
    }

    @Test(arguments: [
        // Settings and their substitutes; three letters; two letters in a short name; short names; foreign names.
        "LOG_LEVEL", "API_KEYS", "AWS_REGION", "S3_REGION", "CACH_MEMRY_BYTE", "LOG_LEFL", "PORTS", "PATH",
        "HOSTNAME", "LOGNAME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "KUBERNETES_SERVICE_HOST", "",
    ])
    func isLeftAlone(name: String) {
        #expect(meant(by: name) == nil)
    }

    @Test func allAreToldInTheOrderOfTheirNames() {
        let all = MisspelledVariable.all(in: ["RENDER_THREAD": "2", "LOG_FORMET": "json", "RENDER_QUEUE": "9"])
        #expect(all.map(\.name) == ["LOG_FORMET", "RENDER_THREAD"])
        #expect(all.map(\.meant) == ["LOG_FORMAT", "RENDER_THREADS"])
    }

    /// Two settings are never so similar that one is reported as the other misspelled.
    @Test func settingsThemselvesAreNeverTold() {
        let names = Setting.all.map(\.name) + LaterSettings.names
        #expect(MisspelledVariable.all(in: Dictionary(uniqueKeysWithValues: names.map { ($0, "1") })).isEmpty)
    }
}
