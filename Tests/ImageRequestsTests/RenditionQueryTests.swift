import ImageModel
import Testing

@testable import ImageRequests

@Suite("The query of a rendition")
struct RenditionQueryTests {
    private func parse(_ query: String) throws -> RenditionRequest? {
        try RenditionQuery.parse(Query(Array(query.utf8)), RenditionRules())
    }

    @Test(
        "Every parameter, alone",
        arguments: [
            ("w=1", RenditionRequest(width: 1)), ("w=8192", RenditionRequest(width: 8192)),
            ("h=300", RenditionRequest(height: 300)), ("w=007", RenditionRequest(width: 7)),
            ("fit=scale-down", RenditionRequest()), ("fit=contain", RenditionRequest(fit: .contain)),
            ("fit=cover", RenditionRequest(fit: .cover)), ("fit=crop", RenditionRequest(fit: .crop)),
            ("fit=pad", RenditionRequest(fit: .pad)), ("fit=fill", RenditionRequest(fit: .fill)),
            ("gravity=center", RenditionRequest()), ("gravity=smart", RenditionRequest(gravity: .smart)),
            ("gravity=top", RenditionRequest(gravity: .point(x: 5000, y: 0))),
            ("gravity=bottom-right", RenditionRequest(gravity: .point(x: 10_000, y: 10_000))),
            ("gravity=left", RenditionRequest(gravity: .point(x: 0, y: 5000))),
            ("gravity=0,1", RenditionRequest(gravity: .point(x: 0, y: 10_000))),
            ("gravity=0.25,0.75", RenditionRequest(gravity: .point(x: 2500, y: 7500))),
            ("gravity=.5%2C1.0", RenditionRequest(gravity: .point(x: 5000, y: 10_000))),
            ("format=auto", RenditionRequest()), ("format=original", RenditionRequest(format: .original)),
            ("format=jpeg", RenditionRequest(format: .fixed(.jpeg))),
            ("format=png", RenditionRequest(format: .fixed(.png))),
            ("format=webp", RenditionRequest(format: .fixed(.webp))),
            ("format=avif", RenditionRequest(format: .fixed(.avif))),
            ("q=1", RenditionRequest(quality: 1)), ("q=100", RenditionRequest(quality: 100)),
            ("dpr=1", RenditionRequest()), ("dpr=4&w=10", RenditionRequest(width: 40, pixelRatio: 4)),
            ("dpr=1.5&w=10&h=11", RenditionRequest(width: 15, height: 17, pixelRatio: 1.5)),
            ("dpr=4&w=8192", RenditionRequest(width: 8192, pixelRatio: 1)),
            ("dpr=4&w=4096&h=2048", RenditionRequest(width: 8192, height: 4096, pixelRatio: 2)),
            ("bg=fff", RenditionRequest(background: .white)), ("bg=%23FfFfFf", RenditionRequest(background: .white)),
            ("bg=0000", RenditionRequest(background: .clear)),
            ("bg=01020304", RenditionRequest(background: Color(red: 1, green: 2, blue: 3, alpha: 4))),
            ("rotate=0", RenditionRequest()), ("rotate=90", RenditionRequest(rotation: .rotated90)),
            ("rotate=180", RenditionRequest(rotation: .rotated180)),
            ("rotate=270", RenditionRequest(rotation: .rotated270)),
            ("flip=horizontal", RenditionRequest(rotation: .mirrored)),
            ("flip=vertical", RenditionRequest(rotation: .mirroredRotated180)),
            ("rotate=90&flip=horizontal", RenditionRequest(rotation: .mirroredRotated270)),
            ("flip=horizontal&rotate=90", RenditionRequest(rotation: .mirroredRotated270)),
            ("blur=0", RenditionRequest(blur: 0)), ("blur=2.5", RenditionRequest(blur: 2.5)),
            ("blur=250", RenditionRequest(blur: 250)), ("blur=2&dpr=2", RenditionRequest(blur: 4, pixelRatio: 2)),
            ("sharpen=1", RenditionRequest(sharpen: 1)),
            ("sharpen=10&dpr=2", RenditionRequest(sharpen: 10, pixelRatio: 2)),
            ("frame=0", RenditionRequest(isStill: true)), ("max_bytes=100", RenditionRequest(maximumBytes: 100)),
            ("max_bytes=100000000", RenditionRequest(maximumBytes: 100_000_000)),
            ("v=1&w=5&utm_source=x", RenditionRequest(width: 5)),
        ])
    func parameters(_ query: String, _ expected: RenditionRequest) throws {
        #expect(try parse(query) == expected)
    }

    @Test(
        "Malformed, out-of-range and repeated parameters are rejected by name",
        arguments: [
            ("w=0", "w"), ("w=8193", "w"), ("w=-1", "w"), ("w=%2B1", "w"), ("w=1.0", "w"), ("w=", "w"), ("w", "w"),
            ("w=1e3", "w"), ("w=99999999999999999999", "w"), ("w=1&w=1", "w"), ("w=%FF", "w"), ("h=0", "h"),
            ("h=1&h=2", "h"), ("fit=", "fit"), ("fit=Cover", "fit"), ("fit=inside", "fit"), ("gravity=", "gravity"),
            ("gravity=middle", "gravity"), ("gravity=1", "gravity"), ("gravity=0,0,0", "gravity"),
            ("gravity=1.01,0", "gravity"), ("gravity=-0,0", "gravity"), ("gravity=nan,0", "gravity"),
            ("gravity=1e-3,0", "gravity"), ("gravity=,", "gravity"), ("format=gif", "format"), ("format=", "format"),
            ("format=JPEG", "format"), ("format=jpg", "format"), ("q=0", "q"), ("q=101", "q"), ("q=80%25", "q"),
            ("dpr=0.9", "dpr"), ("dpr=4.1", "dpr"), ("dpr=", "dpr"), ("dpr=nan", "dpr"), ("dpr=0x2", "dpr"),
            ("dpr=1e0", "dpr"), ("bg=ff", "bg"), ("bg=red", "bg"), ("bg=", "bg"), ("bg=%23", "bg"), ("bg=12345", "bg"),
            ("bg=##fff", "bg"), ("rotate=45", "rotate"), ("rotate=-90", "rotate"), ("rotate=360", "rotate"),
            ("rotate=90&rotate=90", "rotate"), ("flip=both", "flip"), ("flip=", "flip"), ("blur=-1", "blur"),
            ("blur=250.1", "blur"), ("blur=inf", "blur"), ("blur=.", "blur"), ("sharpen=11", "sharpen"),
            ("sharpen=1,5", "sharpen"), ("frame=1", "frame"), ("frame=", "frame"), ("frame=00", "frame"),
            ("frame=0&frame=0", "frame"), ("max_bytes=99", "max_bytes"), ("max_bytes=100000001", "max_bytes"),
            ("max_bytes=1k", "max_bytes"), ("preset=thumb", "preset"), ("preset=thumb&w=1", "preset"),
        ])
    func rejections(_ query: String, _ name: String) throws {
        let problem = #expect(throws: RequestError.self) { try parse(query) }
        #expect(problem?.isBadParameter == true)
        #expect(problem?.description.contains("parameter \(name) ") == true, "\(problem?.description ?? "")")
    }

    @Test("Other parameters request no rendition", arguments: ["", "v=abc", "W=10", "width=10", "include=extras"])
    func none(_ query: String) throws {
        #expect(try parse(query) == nil)
    }

    @Test("Extras of metadata are requested by name")
    func include() throws {
        func wanted(_ query: String) throws -> MetadataQuery { try MetadataQuery(Query(Array(query.utf8))) }
        #expect(try !wanted("").needsExtras)
        #expect(try wanted("include=extras").extras)
        #expect(try !wanted("include=extras").location)
        #expect(try wanted("include=location").location)
        #expect(try wanted("include=extras%2Clocation") == wanted("include=location,extras"))
        for query in ["include=", "include=gps", "include=extras,", "include=extras&include=extras"] {
            #expect(throws: RequestError.self, "\(query)") { try wanted(query) }
        }
    }
}
