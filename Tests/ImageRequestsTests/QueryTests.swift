import Testing

@testable import ImageRequests

@Suite("Queries")
struct QueryTests {
    private func query(_ text: String) throws -> Query { try Query(text.utf8) }

    /// Parameters that marketing tools add made every image request a 400.
    @Test(
        "Unknown parameters may be broken",
        arguments: [
            "utm_campaign=50%off", "utm=%", "utm=%4", "%", "%zz=1", "%ff=1", "utm=%ff", "w%=5", "%=w", "a%20b=%e4",
        ])
    func meaningless(_ text: String) throws {
        #expect(try RenditionQuery.parse(query(text), RenditionRules()) == nil)
        #expect(try Variance(of: query(text), RenditionRules()) == Variance())
        #expect(try query(text).text("v") == nil)
        let sized = try RenditionQuery.parse(query("w=100&h=50"), RenditionRules())
        for mixed in ["w=100&\(text)&h=50", "\(text)&w=100&h=50", "w=100&h=50&\(text)"] {
            #expect(try RenditionQuery.parse(query(mixed), RenditionRules()) == sized)
        }
    }

    @Test(
        "Known parameters must be valid, and errors name them",
        arguments: [
            ("w", "w=5%"), ("w", "w=%zz"), ("%77", "%77=%"), ("format", "format=%e"), ("preset", "preset=%"),
            ("bg", "bg=%ff"), ("gravity", "w=1&gravity=%c3"),
        ])
    func meaningful(_ name: String, _ text: String) {
        let name = name == "%77" ? "w" : name
        #expect {
            try RenditionQuery.parse(query(text), RenditionRules())
        } throws: { error in
            guard let problem = error as? RequestError else { return false }
            return problem.isBadParameter && problem.description.contains(" \(name) ")
        }
    }

    @Test("Parameters of other requests")
    func others() {
        for name in ["v", "prefix", "cursor", "degrees"] {
            #expect(throws: RequestError.self) { try query("\(name)=%").item(name) }
        }
        #expect(throws: RequestError.self) { try MetadataQuery(query("include=%")) }
        #expect(throws: RequestError.self) { try query("w=1&w=%").number("w", in: 1...9) }
    }

    @Test("A preset's own text is read strictly")
    func presets() {
        for text in ["w=1&utm=%", "w=1&%=2", "w=%", "w=1&%ff=1"] {
            #expect(throws: RenditionPreset.PresetError.self) { try RenditionPreset(parameters: text) }
        }
    }

    /// Thirty thousand parameters kept an event loop busy for 6 ms: every known name is searched among all of them.
    @Test("More parameters than the limit are rejected, known or not", arguments: ["a=1", "%ff=1", "w%=5"])
    func tooMany(_ other: String) throws {
        let limit = Query.maximumItems
        for count in [limit - 1, limit] {
            let text = (Array(repeating: other, count: count - 1) + ["w=100"]).joined(separator: "&")
            #expect(try RenditionQuery.parse(query(text), RenditionRules()) != nil)
        }
        let text = (Array(repeating: other, count: limit) + ["w=100"]).joined(separator: "&")
        #expect {
            try RenditionQuery.parse(query(text), RenditionRules())
        } throws: { error in
            guard let problem = error as? RequestError else { return false }
            return problem.isBadParameter && problem.description.contains("more than \(limit) parameters")
        }
    }
}
