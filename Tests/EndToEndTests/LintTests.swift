import Foundation
import Testing

extension EndToEnd {
    @Suite("REDbot and httplint, over real sockets", .serialized)
    struct LintTests {
        /// A 400 says that the server did not understand the request.
        ///
        /// `public` together with a lifetime only matters if the request has Authorization. But a client may send a
        /// token to a server that needs none for reads, and caches may still store the image.
        private static let accepted: Set<String> = ["STATUS_BAD_REQUEST", "STORE_PUBLIC_UNNECESSARY"]

        @Test(
            "REDbot and httplint find no error on 200, 206, 304, 404, 412 and 416 of originals and renditions",
            arguments: [
                [:],
                [
                    "CACHE_CONTROL": "public, max-age=60", "CACHE_REVALIDATE_SECONDS": "600",
                    "CLIENT_HINTS": "dpr,width,save-data",
                ],
            ] as [[String: String]])
        func withoutProblems(_ settings: [String: String]) async throws {
            let store = try LocalFolder()
            let server = try await TintypeServer.start(store.environment.merging(settings) { $1 })
            let put = try await HTTP.put(server.image("a.jpg"), try Pictures.jpeg(width: 200, height: 150))
            let version = try #require(try put.object()["version"] as? String)
            var requests: [REDbot.Request] = []
            for query in [
                "", "v=\(version)", "v=other", "w=100", "w=100&v=\(version)", "w=100&format=png", "fit=cover&q=50",
            ] {
                let url = server.image("a.jpg", query)
                let etag = try #require(try await HTTP.get(url).header("ETag"))
                let fields: [[[String]]] = [
                    [], [["Range", "bytes=0-99"]], [["Range", "bytes=-10"], ["If-Range", etag]],
                    [["If-None-Match", etag]], [["If-Match", "\"x\""]], [["Range", "bytes=99999999-"]],
                    [["Accept", "image/webp"]], [["Save-Data", "on"], ["Sec-CH-DPR", "2"]],
                ]
                for headers in fields {
                    for method in ["GET", "HEAD"] {
                        requests.append(
                            .init(name: "\(method) ?\(query) \(headers)", method: method, url: url, headers: headers))
                    }
                }
                requests.append(.init(name: "404 ?\(query)", url: server.image("none.jpg", query)))
            }
            for url in [
                server.image("a.jpg", "w=abc"), server.image("a.jpg", "format=webp&w=0"), server.metadata("a.jpg"),
                server.collection(), server.base + "/",
            ] { requests.append(.init(name: url, url: url)) }
            // Old enough that an Age with a wrong Date would be noticed: the tools allow 5 seconds.
            try await Task.sleep(for: .seconds(6))
            let answers = try REDbot.check(requests)
            #expect(answers.count == requests.count + 1)
            for answer in answers where answer.name != "control" {
                #expect(answer.fetchError == "", "\(answer.name)")
                let problems = Set(answer.problems.filter { !Self.accepted.contains($0.name) })
                #expect(problems == [], "\(answer.name), \(answer.status ?? 0)")
            }
            let statuses = Set(answers.compactMap(\.status))
            #expect(statuses == [200, 206, 304, 400, 404, 412, 416])
            let control = try #require(answers.first { $0.name == "control" })
            let found = Set(control.problems.map(\.name))
            #expect(found.contains("DATE_INCORRECT"), "\(found)")
            #expect(found.count >= 3, "\(found)")
        }
    }
}
