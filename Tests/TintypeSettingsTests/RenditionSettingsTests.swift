import ImageRequests
import Testing

@testable import TintypeSettings

@Suite struct RenditionSettingsTests {
    private static let two = [
        PresetText(name: "thumb", parameters: "w=200&h=200&fit=cover&gravity=0.3,0.7"),
        PresetText(name: "card", parameters: "w=800&bg=%23fff"),
    ]

    @Test func nothingIsLimitedByDefault() throws {
        let settings = try load([:])
        #expect(settings.presets.isEmpty)
        #expect(settings.renditionMode == .any)
        #expect(settings.renditionSizes.isEmpty)
    }

    @Test func presetsOfTheEnvironment() throws {
        let text = "thumb:w=200&h=200&fit=cover&gravity=0.3,0.7,card:w=800&bg=%23fff"
        let settings = try load(["PRESETS": text])
        #expect(settings.presets == Self.two)
        // The printed value can be set again.
        #expect(Setting.all.first { $0.name == "PRESETS" }?.value(in: settings) == text)
    }

    @Test(arguments: [
        """
        presets:
          thumb:
            w: 200
            h: 200
            fit: cover
            gravity: "0.3,0.7"
          card: {w: 800, bg: "#fff"}
        """,
        "presets: thumb:w=200&h=200&fit=cover&gravity=0.3,0.7,card:w=800&bg=%23fff",
    ])
    func presetsOfTheFile(_ yaml: String) throws {
        #expect(try load([:], yaml: yaml).presets == Self.two)
        // The environment replaces all of them.
        #expect(
            try load(["PRESETS": "a:w=1"], yaml: yaml).presets == [PresetText(name: "a", parameters: "w=1")])
    }

    /// A separator in a name or value must not turn the rest into another preset or parameter.
    @Test func theFileCannotSmuggle() throws {
        let yaml = """
            presets:
              "a:b,c": {w: 1}
              "ü\\n": {w: 1}
              one: {w: "1&q=2,d:h=3"}
              two: {"x=1&y": "%41+ä"}
            """
        let text = try #require(errorText([:], yaml: yaml))
        #expect(text.hasPrefix("4 settings are wrong:"))
        for part in [
            "PRESETS is \"a%3Ab%2Cc\":", "PRESETS is \"%C3%BC%0A\":",
            "PRESETS, one is \"w=1%26q%3D2,d%3Ah%3D3\":", "PRESETS, two is \"x%3D1%26y=%2541%2B%C3%A4\":",
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test(arguments: [
        "[thumb]", "{thumb: 1}", "{thumb: [w]}", "{thumb: {w: [1]}}", "{thumb: {w: {}}}", "{[a]: {w: 1}}",
    ])
    func presetsOfAnotherShape(_ value: String) throws {
        let text = try #require(errorText([:], yaml: "presets: \(value)\n"))
        #expect(text.contains("presets in the file is \"a list or mapping\": expected a mapping of names"))
    }

    @Test(arguments: ["presets: {}\n", "presets:\n", "renditionSizes: []\n"])
    func emptyIsNotSet(_ yaml: String) throws {
        let settings = try load([:], yaml: yaml)
        #expect(settings.presets.isEmpty && settings.renditionSizes.isEmpty)
    }

    @Test func aNameStandsOnce() throws {
        let text = try #require(errorText(["PRESETS": "a:w=1,b:w=2,a:w=3"]))
        #expect(text == "1 setting is wrong:\n  PRESETS is \"a\": expected every name once")
        #expect(try #require(errorText([:], yaml: "presets:\n  a: {w: 1}\n  a: {w: 2}\n")).contains("found again: a"))
        #expect(try #require(errorText([:], yaml: "presets: {a: {w: 1, w: 2}}\n")).contains("found again: w"))
    }

    @Test(arguments: ["w=1", "thumb", ",a:w=1", "w=1,a:w=1"])
    func withoutANameItIsNoPreset(_ text: String) throws {
        #expect(try #require(errorText(["PRESETS": text])).contains("expected NAME:PARAMETERS"))
    }

    @Test func aPresetThatStandsForNothingIsToldWithTheOthers() throws {
        let text = try #require(errorText(["PORT": "x", "PRESETS": "a:w=0"]))
        #expect(text.hasPrefix("2 settings are wrong:"))
        #expect(text.contains("PRESETS, a is \"w=0\": expected parameters of a rendition, but: The parameter w must"))
    }

    @Test(arguments: [("any", RenditionRules.Mode.any), ("presets", .presets)])
    func modes(_ text: String, _ expected: RenditionRules.Mode) throws {
        #expect(try load(["RENDITION_MODE": text]).renditionMode == expected)
        #expect(try load([:], yaml: "renditionMode: \(text)\n").renditionMode == expected)
        #expect(errorText(["RENDITION_MODE": text.uppercased()]) != nil)
    }

    @Test(arguments: [("320", [320]), ("1,8192", [1, 8192]), ("640,160,320", [160, 320, 640])])
    func sizes(_ text: String, _ expected: [Int]) throws {
        #expect(try load(["RENDITION_SIZES": text]).renditionSizes == expected)
        #expect(try load([:], yaml: "renditionSizes: [\(text)]\n").renditionSizes == expected)
        #expect(try load([:], yaml: "renditionSizes: \"\(text)\"\n").renditionSizes == expected)
    }

    @Test(arguments: ["0", "8193", "1,", ",1", "1,,2", "1 2", "1, 2", "a", "1.5", "-1"])
    func noSizes(_ text: String) throws {
        let message = try #require(errorText(["RENDITION_SIZES": text]))
        #expect(message.contains("expected whole numbers from 1 to 8192, with commas between them"))
    }

    @Test func sizesOfAnotherShape() throws {
        let text = try #require(errorText([:], yaml: "renditionSizes: {a: 1}\n"))
        #expect(text.contains("expected one value, or a list of them"))
        #expect(errorText([:], yaml: "renditionSizes: [[1]]\n") != nil)
    }

    @Test(arguments: [
        ("dpr", [ClientHints.Kind.dpr]), ("save-data,dpr", [.dpr, .saveData]),
        ("dpr, width, save-data", [.dpr, .width, .saveData]),
    ])
    func hints(_ text: String, _ expected: [ClientHints.Kind]) throws {
        #expect(try load([:]).clientHints.isEmpty)
        #expect(try load(["CLIENT_HINTS": text]).clientHints == expected)
        #expect(try load([:], yaml: "clientHints: [\(text)]\n").clientHints == expected)
    }

    @Test(arguments: ["DPR", "dpr,", "dpr,dpr", "viewport-width", "dpr;width", "true"])
    func wrongHints(_ text: String) throws {
        let message = try #require(errorText(["CLIENT_HINTS": text]))
        #expect(message.contains("CLIENT_HINTS") && message.contains("save-data"), "\(message)")
    }
}
