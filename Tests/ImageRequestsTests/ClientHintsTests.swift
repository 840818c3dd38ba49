import HTTPTypes
import ImageModel
import Testing

@testable import ImageRequests

@Suite("Client hints")
struct ClientHintsTests {
    private static let all: ClientHints.Kinds = [.dpr, .width, .saveData]

    private func fields(_ fields: [(String, String)]) throws -> HTTPFields {
        var headers = HTTPFields()
        for (name, value) in fields {
            headers.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return headers
    }

    @Test(
        "Sec-CH-DPR: a whole number from 1 to 4, rounded up; a malformed one counts as absent",
        arguments: [
            ("1", 1), ("2", 2), ("2.0", 2), ("1.5", 2), ("2.625", 3), ("1.100000023841858", 2), ("0.8", 1), ("3.5", 4),
            ("4.1", 4), ("100", 4), (" 2 ", 2), ("2;a=b", 2), ("0", nil), ("0.0", nil), ("-1", nil), ("", nil),
            ("nan", nil), ("inf", nil), ("0x2", nil), ("2e0", nil), ("+2", nil), ("2, 3", nil), ("\"2\"", nil),
            (".", nil), ("1.2.3", nil), ("222222222222222222222", nil),
        ] as [(String, Int?)])
    func dpr(_ value: String, _ expected: Int?) throws {
        #expect(ClientHints(try fields([("Sec-CH-DPR", value)]), Self.all).dpr == expected)
    }

    @Test(
        "Sec-CH-Width: pixels up to the largest side",
        arguments: [
            ("1", 1), ("640", 640), ("640.5", 641), ("8192", 8192), ("99999", 8192), ("99999999999999999999", 8192),
            ("0", nil), ("-640", nil), ("640px", nil), ("640, 320", nil), ("", nil),
        ] as [(String, Int?)])
    func width(_ value: String, _ expected: Int?) throws {
        #expect(ClientHints(try fields([("Sec-CH-Width", value)]), Self.all).width == expected)
    }

    @Test(
        "Save-Data: on, and nothing else",
        arguments: [
            ("on", true), ("ON", true), ("on; x=1", true), ("off", false), ("1", false), ("?1", false), ("", false),
        ])
    func saveData(_ value: String, _ expected: Bool) throws {
        #expect(ClientHints(try fields([("Save-Data", value)]), Self.all).savesData == expected)
    }

    @Test("A repeated hint is malformed; old names and kinds that are not accepted are not read")
    func unread() throws {
        #expect(ClientHints(try fields([("Sec-CH-DPR", "2"), ("Sec-CH-DPR", "3")]), Self.all) == ClientHints())
        #expect(ClientHints(try fields([("DPR", "2"), ("Width", "100")]), Self.all) == ClientHints())
        let every = try fields([("Sec-CH-DPR", "2"), ("Sec-CH-Width", "100"), ("Save-Data", "on")])
        #expect(ClientHints(every, []) == ClientHints())
        var one = ClientHints()
        one.dpr = 2
        #expect(ClientHints(every, .dpr) == one)
    }

    private func rules(
        _ mode: RenditionRules.Mode = .any, sizes: [Int] = [], hints: ClientHints.Kinds = Self.all
    ) throws -> RenditionRules {
        RenditionRules(
            mode: mode,
            presets: [
                "card": try RenditionPreset(parameters: "w=800"), "plain": try RenditionPreset(parameters: "bg=fff"),
                "fixed": try RenditionPreset(parameters: "w=10&dpr=2&q=50&format=webp"),
            ], sizes: sizes, hints: hints)
    }

    private func query(_ text: String) throws -> Query { try Query(text.utf8) }

    @Test(
        "What the responses at a URL vary by",
        arguments: [
            ("", nil), ("v=1", nil), ("w=10", "Accept, Sec-CH-DPR, Save-Data"),
            ("h=10&dpr=2", "Accept, Save-Data"), ("q=50", "Accept, Sec-CH-Width"),
            ("fit=cover", "Accept, Sec-CH-Width, Save-Data"), ("w=10&format=webp", "Sec-CH-DPR, Save-Data"),
            ("w=10&dpr=1&q=50&format=jpeg", nil), ("w=10&format=png", "Sec-CH-DPR"),
            ("w=10&format=auto", "Accept, Sec-CH-DPR, Save-Data"),
            ("blur=2", "Accept, Sec-CH-DPR, Sec-CH-Width, Save-Data"), ("preset=card", "Accept, Sec-CH-DPR, Save-Data"),
            ("preset=fixed", nil), ("preset=fixed&format=auto", "Accept"),
            // Errors vary too.
            ("w=abc", "Accept, Sec-CH-DPR, Save-Data"), ("w=1&w=1&q=1&dpr=1", "Accept"),
            ("preset=nobody", "Accept, Sec-CH-Width, Save-Data"),
            ("format=gif&q=1&w=1&dpr=1", nil),
        ] as [(String, String?)])
    func vary(_ text: String, _ expected: String?) throws {
        #expect(Variance(of: try query(text), try rules()).field == expected)
    }

    @Test("Without hints only Accept counts; with presets only, widths do not count")
    func varyLess() throws {
        #expect(Variance(of: try query("w=10"), try rules(hints: [])).field == "Accept")
        #expect(Variance(of: try query("w=10"), try rules(hints: .saveData)).field == "Accept, Save-Data")
        #expect(Variance(of: try query("preset=plain"), try rules(.presets)).field == "Accept, Save-Data")
        #expect(Variance(of: try query("preset=card"), try rules(.presets)).field == "Accept, Sec-CH-DPR, Save-Data")
    }

    @Test(
        "A hint acts like its parameter, and the URL overrides it",
        arguments: [
            ("w=100", "2", nil, "w=100&dpr=2"), ("w=100", "1.2", nil, "w=100&dpr=2"),
            ("w=100&dpr=3", "2", nil, "w=100&dpr=3"),
            ("h=100&w=50&fit=cover", "2", "999", "h=200&w=100&fit=cover"), ("w=100", "x", nil, "w=100"),
            ("q=50", "2", "640", "q=50&w=640"), ("fit=cover", nil, "640", "fit=cover&w=640"),
            // Already in screen pixels; the blur is not.
            ("blur=1", "2", "640", "w=320&blur=1&dpr=2"), ("h=10", nil, "640", "h=10"), ("w=8192", "2", nil, "w=8192"),
            ("preset=card", "2", "640", "w=1600"), ("preset=card&w=10", "2", "640", "w=20"),
            ("preset=fixed", "4", "640", "w=20&q=50&format=webp"),
        ] as [(String, String?, String?, String)])
    func stands(_ text: String, _ dpr: String?, _ width: String?, _ same: String) throws {
        let sent = [("Sec-CH-DPR", dpr), ("Sec-CH-Width", width)].compactMap { pair in pair.1.map { (pair.0, $0) } }
        #expect(try spec(text, sent, rules()) == spec(same, [], rules()))
        // Hints that the server does not accept have no effect.
        #expect(try spec(text, sent, rules(hints: [])) == spec(text, [], rules(hints: [])))
    }

    private func spec(_ text: String, _ sent: [(String, String)], _ rules: RenditionRules) throws -> RenditionSpec {
        let query = try query(text)
        let hints = ClientHints(try fields(sent), Variance(of: query, rules).hints)
        let request = try #require(try RenditionQuery.parse(query, rules, hints: hints))
        return RenditionSpec(request, format: .jpeg, defaultQuality: 80)
    }

    @Test("Hints are snapped to the list of sizes; with presets only, they choose only densities")
    func limits() throws {
        let hints = [("Sec-CH-DPR", "2.2"), ("Sec-CH-Width", "641"), ("Save-Data", "on")]
        let list = try rules(sizes: [320, 640, 1280])
        #expect(try spec("q=50", hints, list) == spec("q=50&w=1280", [], list))
        #expect(try spec("w=100", hints, list) == spec("w=320", [], list))
        let presets = try rules(.presets)
        #expect(try spec("preset=plain", hints, presets) == spec("preset=plain", [], presets))
        #expect(try spec("preset=card", hints, presets) == spec("preset=card&dpr=3", [], presets))
        #expect(throws: RequestError.self) { try spec("w=100", hints, presets) }
    }
}
