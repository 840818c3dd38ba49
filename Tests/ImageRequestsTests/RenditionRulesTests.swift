import HTTPTypes
import ImageModel
import Testing

@testable import ImageRequests

@Suite("Presets and limits of renditions")
struct RenditionRulesTests {
    private func rules(_ mode: RenditionRules.Mode = .any, sizes: [Int] = []) throws -> RenditionRules {
        RenditionRules(
            mode: mode,
            presets: [
                "thumb": try RenditionPreset(parameters: "w=200&h=100&fit=cover&gravity=0.3,0.7"),
                "Card_2-x": try RenditionPreset(parameters: "w=800&dpr=2&bg=%23fff&format=jpeg"),
            ], sizes: sizes)
    }

    private func parse(_ query: String, _ rules: RenditionRules) throws -> RenditionRequest? {
        try RenditionQuery.parse(Query(Array(query.utf8)), rules)
    }

    @Test(
        "A preset acts like its parameters, and other parameters override it",
        arguments: [
            ("preset=thumb", "w=200&h=100&fit=cover&gravity=0.3,0.7"),
            ("preset=thumb&v=1&utm_source=x", "w=200&h=100&fit=cover&gravity=0.3,0.7"),
            ("preset=Card_2-x", "w=800&dpr=2&bg=fff&format=jpeg"),
            ("pre%73et=Card%5f2-x", "w=800&dpr=2&bg=fff&format=jpeg"),
            ("preset=thumb&w=50", "w=50&h=100&fit=cover&gravity=0.3,0.7"),
            ("w=50&preset=thumb", "w=50&h=100&fit=cover&gravity=0.3,0.7"),
            ("preset=thumb&fit=pad&q=5", "w=200&h=100&fit=pad&gravity=0.3,0.7&q=5"),
            ("preset=thumb&dpr=2", "w=400&h=200&fit=cover&gravity=0.3,0.7"),
            ("preset=Card_2-x&dpr=1", "w=800&bg=fff&format=jpeg"),
        ])
    func presets(_ query: String, _ writtenOut: String) throws {
        func spec(_ query: String) throws -> RenditionSpec {
            RenditionSpec(try #require(try parse(query, rules())), format: .jpeg, defaultQuality: 80)
        }
        #expect(try spec(query) == spec(writtenOut))
        #expect(try spec(query).canonicalText == spec(writtenOut).canonicalText)
    }

    @Test(
        "An invalid, unknown or repeated name",
        arguments: [
            ("preset=", "must be"), ("preset", "must be"), ("preset=a%20b", "must be"),
            ("preset=th%C3%BCmb", "must be"),
            // The Kelvin sign, which equals K in Swift.
            ("preset=%E2%84%AA", "must be"), ("preset=%FF", "not UTF-8"), ("preset=Thumb", "names no preset"),
            ("preset=card&w=1", "names no preset"), ("preset=thumb&preset=thumb", "given twice"),
        ])
    func noPreset(_ query: String, _ expected: String) throws {
        for mode in [RenditionRules.Mode.any, .presets] where mode == .any || !query.contains("w=") {
            let problem = try #require(throws: RequestError.self) { try parse(query, rules(mode)) }
            #expect(problem.isBadParameter)
            #expect(problem.description.contains("parameter preset ") && problem.description.contains(expected))
        }
    }

    @Test("Parameters with a preset are checked as usual", arguments: ["w=0", "w=1&w=2", "fit=bad", "dpr=5"])
    func beside(_ other: String) throws {
        #expect(
            try #require(throws: RequestError.self) { try parse("preset=thumb&\(other)", rules()) }.isBadParameter)
    }

    @Test(
        "With presets only, everything else is rejected",
        arguments: [
            "w=200", "w=200&h=100&fit=cover&gravity=0.3,0.7", "format=webp", "dpr=2", "q=80", "frame=0", "w=abc",
            "preset=thumb&w=50", "preset=thumb&format=auto", "preset=nobody&q=1", "preset=thumb&dpr=1.5",
            "preset=thumb&dpr=2.0", "preset=thumb&dpr=5", "preset=thumb&dpr=", "preset=thumb&max_bytes=1000",
        ])
    func rejections(_ query: String) throws {
        let problem = try #require(throws: RequestError.self) { try parse(query, rules(.presets)) }
        #expect(!problem.isBadParameter)
    }

    @Test("With presets only, clients may request presets in four densities, and the stored bytes")
    func onlyPresets() throws {
        let rules = try rules(.presets)
        #expect(try parse("v=1&utm_source=x", rules) == nil)
        #expect(try parse("preset=thumb&v=1&other=2", rules)?.width == 200)
        for density in 1...4 {
            #expect(try parse("preset=thumb&dpr=\(density)", rules)?.width == 200 * density)
        }
        #expect(throws: RequestError.self) { try parse("preset=thumb&dpr=2&dpr=2", rules) }
        // No presets: no renditions at all.
        let none = RenditionRules(mode: .presets)
        #expect(throws: RequestError.self) { try parse("preset=thumb", none) }
        #expect(try parse("", none) == nil)
    }

    @Test(
        "Sizes are snapped after dpr, also those of presets",
        arguments: [
            ("w=100", 160, nil), ("w=100&dpr=2", 320, nil), ("h=320", nil, 320), ("w=8000", 640, nil),
            ("w=100&h=50&fit=cover", 160, 80), ("w=100&h=50&dpr=4", 640, 320), ("w=100&h=600", 160, 640),
            ("preset=thumb", 320, 160),
            ("preset=thumb&dpr=3", 640, 320), ("format=webp", nil, nil),
        ] as [(String, Int?, Int?)])
    func sizes(_ query: String, _ width: Int?, _ height: Int?) throws {
        let request = try #require(try parse(query, rules(sizes: [160, 320, 640])))
        #expect(request.width == width)
        #expect(request.height == height)
    }

    @Test(
        "An invalid preset is rejected with the reason",
        arguments: [
            ("", "It sets no parameter"), ("&", "It sets no parameter"), ("w=0", "The parameter w must"),
            ("w=1&w=1", "The parameter w is given twice"), ("width=1", "\"width\""), ("v=1", "\"v\""),
            ("preset=thumb", "\"preset\""), ("w=1&preset=thumb", "\"preset\""), ("bg=%2", "two hexadecimal digits"),
            ("bg=#ff", "The parameter bg must"), ("w=1 ", "The parameter w must"), ("w=1&&dpr=9", "parameter dpr"),
        ])
    func noPresets(_ parameters: String, _ reason: String) throws {
        let error = try #require(throws: RenditionPreset.PresetError.self) {
            try RenditionPreset(parameters: parameters)
        }
        #expect(error.reason.contains(reason), "\(error.reason)")
        #expect(!error.reason.hasSuffix("."))
    }

    @Test("Names of presets")
    func names() {
        for name in ["a", "Z", "0", "-", "_", "thumb", "Card_2-x", String(repeating: "a", count: 64)] {
            #expect(RenditionPreset.isName(name), "\(name)")
        }
        for name in ["", " ", "a b", "a.b", "ä", "\u{212A}", "a\n", String(repeating: "a", count: 65)] {
            #expect(!RenditionPreset.isName(name), "\(name)")
        }
    }
}
