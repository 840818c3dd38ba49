import HTTPTypes
import ImageModel
import ImageRequests
import ImageService
import Testing

@testable import ImageAPI

@Suite("Routes and queries")
struct RouteTests {
    private func route(_ method: HTTPRequest.Method, _ target: String) throws -> Route {
        try Route(method: method, path: Route.split(target: target).path)
    }

    private func path(_ text: String) throws -> ImagePath { try ImagePath(Array(text.utf8)) }

    @Test("Routes")
    func routes() throws {
        #expect(try route(.get, "/api/v1/images") == .collection)
        #expect(try route(.get, "/api/v1/images?limit=1") == .collection)
        #expect(try route(.get, "/api/v1/images/a%20b/%63.jpg?w=1") == .image(path("a b/c.jpg")))
        #expect(try route(.get, "/api/v1/images/a%2Fb") == .image(path("a/b")))
        #expect(try route(.get, "/api/v1/images/a+b") == .image(path("a+b")))
        #expect(try route(.get, "/api/v1/images/%2541") == .image(path("%41")))
        #expect(try route(.get, "/api/v1/images/a/rotate") == .image(path("a/rotate")))
        #expect(try route(.post, "/api/v1/images/a/rotate") == .rotate(path("a")))
        #expect(try route(.get, "/api/v1/metadata/a/b") == .metadata(path("a/b")))
    }

    @Test("Allow lists the methods of every route that has the target")
    func allow() throws {
        for (target, expected) in [
            ("/api/v1/images/a", "GET, HEAD, PUT, DELETE"), ("/api/v1/images/a/rotate", "GET, HEAD, PUT, DELETE, POST"),
            ("/api/v1/images/a%2Frotate", "GET, HEAD, PUT, DELETE, POST"),
            ("/api/v1/images/rotate", "GET, HEAD, PUT, DELETE"), ("/api/v1/images", "GET, HEAD, POST"),
        ] {
            do {
                _ = try route(.patch, target)
                Issue.record("\(target) takes PATCH")
            } catch let problem as Problem {
                #expect(problem.headers[.allow] == "\(expected), OPTIONS", "\(target)")
            }
        }
    }

    @Test(
        "Paths and methods without a route",
        arguments: [
            ("GET", "/", ProblemCode.notFound), ("GET", "/api/v1/imagesx", .notFound),
            ("GET", "/api/v1/images/", .badPath),
            ("POST", "/api/v1/images/a", .methodNotAllowed), ("PUT", "/api/v1/images", .methodNotAllowed),
            ("DELETE", "/api/v1/metadata/a", .methodNotAllowed), ("GET", "/api/v1/images/a%", .badPath),
            ("GET", "/api/v1/images/a//b", .badPath),
            ("PATCH", "/api/v1/images/a", .methodNotAllowed), ("GET", "/api/v1/images/.tintype/x", .badPath),
        ])
    func rejected(_ method: String, _ target: String, _ code: ProblemCode) throws {
        let method = try #require(HTTPRequest.Method(method))
        let problem = #expect(throws: Problem.self) { try route(method, target) }
        #expect(problem?.code == code)
    }

    @Test("The same rendition in two spellings is one request")
    func spellings() throws {
        let rules = RenditionRules()
        let first = try RenditionQuery.parse(Query(Array("w=100&h=50&fit=cover".utf8)), rules)
        let second = try RenditionQuery.parse(
            Query("fit=cover&h=25&w=50&dpr=2.0&unknown=1&unknown=2".utf8), rules)
        let specs = try [first, second].map { RenditionSpec(try #require($0), format: .webp, defaultQuality: 80) }
        #expect(specs[0] == specs[1])
        #expect(specs[0].canonicalText == specs[1].canonicalText)
        #expect(try RenditionQuery.parse(Query(Array("v=1&unknown=2".utf8)), rules) == nil)
    }
}
