import HTTPTypes
import ImageRequests
import ImageService
import Logging
import NIOCore
import TestListener
import Testing

@testable import HTTPServer
@testable import ImageAPI

@Suite("Audit log", .timeLimit(.minutes(1)))
struct AuditLogTests {
    private static func picture() async throws -> [UInt8] {
        let service = try await FastPathFixture.makeService()
        let application = try TestApplication(service)
        return try await application.send(.get, "images/p.jpg").bytes
    }

    /// A server whose audit lines are noted.
    private static func open(
        isPublic: Bool = true
    ) async throws -> (application: TestApplication, lines: Notes<[String: String]>) {
        let lines = Notes<[String: String]>()
        // Whatever the level of the other lines is.
        let logger = Logger(label: "tintype.audit") { _ in NotingLogHandler(lines: lines, logLevel: .critical) }
        let fixture = try await BrowserFixture(isPublic: isPublic, audit: AuditLog(logger: logger))
        return (fixture.application, lines)
    }

    private static func form(_ fields: [(String, String)], files: [[UInt8]]) -> [UInt8] {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += Array("--x\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        for file in files {
            body +=
                Array("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n".utf8) + file + [
                    13, 10,
                ]
        }
        return body + Array("--x--\r\n".utf8)
    }

    @Test("Each write has the versions before and after")
    func writes() async throws {
        let (application, lines) = try await Self.open()
        let (key, file) = (BrowserFixture.key, try await Self.picture())
        func version(_ answer: TestApplication.Answer) -> String? {
            answer.text.firstMatch(of: /"version":"([^"]+)"/).map { String($0.1) }
        }
        let first = version(try await application.send(.put, "images/a/x%20y.jpg?token=t", key, body: file))
        let second = version(try await application.send(.put, "images/a/x%20y.jpg", key, body: file + [0]))
        let third = version(try await application.send(.post, "images/a/x%20y.jpg/rotate?degrees=90", key))
        #expect(try await application.send(.delete, "images/a/x%20y.jpg", key).status == 204)
        #expect(try await application.send(.put, "images/a/z.jpg", key, body: [1, 2, 3]).status == 415)
        #expect(Set([first, second, third]).count == 3 && first != nil)
        let all = lines.all
        #expect(all.map { $0["audit.action"] } == ["upload", "upload", "rotate", "delete", "upload"])
        #expect(all.map { $0["image.version.before"] } == [nil, first, second, third, nil])
        #expect(all.map { $0["image.version.after"] } == [first, second, third, nil, nil])
        #expect(all.map { $0["http.status"] } == ["201", "200", "200", "204", "415"])
        #expect(all.map { $0["problem.code"] } == [nil, nil, nil, nil, "unsupported_image"])
        for line in all {
            #expect(line["audit.kind"] == "write" && line["access.identity"] == "key:shop")
            #expect(line["client.address"] == "127.0.0.1" && line["request.id"] == "1")
            #expect(!line.values.contains { $0.contains("token") || $0.contains(BrowserFixture.secret) })
        }
        #expect(all[0]["image.path"] == "a/x y.jpg" && all[0]["http.path"] == "/api/v1/images/a/x%20y.jpg")
        #expect(all[0]["http.method"] == "PUT" && all[4]["image.path"] == "a/z.jpg")
    }

    @Test("A form has a line for each file")
    func forms() async throws {
        let (application, lines) = try await Self.open()
        let headers = BrowserFixture.key.with(.contentType, "multipart/form-data; boundary=x")
        let file = try await Self.picture()
        func send(_ fields: [(String, String)], _ files: [[UInt8]]) async throws -> Int {
            try await application.send(.post, "images", headers, body: Self.form(fields, files: files)).status
        }
        #expect(try await send([("prefix", "a")], [file, [1, 2, 3], file]) == 207)
        var all = lines.all
        #expect(all.count == 3 && all.allSatisfy { $0["audit.action"] == "form_upload" && $0["http.status"] == "207" })
        #expect(all.map { $0["problem.code"] } == [nil, "unsupported_image", nil])
        #expect(all.map { $0["image.version.after"] != nil } == [true, false, true])
        #expect(all[0]["image.path"]?.hasPrefix("a/") == true && all[0]["image.path"] != all[2]["image.path"])

        // A form that is rejected as a whole: what was stored is removed again.
        #expect(try await send([("prefix", "a"), ("prefix", "a")], [file]) == 400)
        #expect(lines.all.count == 4 && lines.all[3]["problem.code"] == "bad_body")
        var body = Self.form([("prefix", "a")], files: [file])
        // It breaks off in its next part.
        body.replaceSubrange(body.count - 4..<body.count, with: [13, 10])
        #expect(try await application.send(.post, "images", headers, body: body).status == 400)
        all = Array(lines.all[4...])
        #expect(all.map { $0["audit.action"] } == ["form_upload", "form_undo"])
        try #require(all.count == 2)
        #expect(all[0]["image.version.after"] == all[1]["image.version.before"] && all[1]["image.version.after"] == nil)

        // A place where the key may not write: one rejection, and no file.
        #expect(try await send([("prefix", "b")], [file, file]) == 403)
        #expect(lines.all.count == 7 && lines.all[6]["audit.kind"] == "rejection")
    }

    @Test("Each rejection names who was rejected, if that is known, and never the credential")
    func rejections() async throws {
        let (application, lines) = try await Self.open(isPublic: false)
        let operate: HTTPFields = [.authorization: "Bearer \(BrowserFixture.secret)-o"]
        for (method, target, headers, status, identity, action) in [
            (.get, "images/a/p.jpg", [:], 401, nil, "read"),
            (.get, "images/a/p.jpg", [.authorization: "Bearer hunter2"], 401, nil, "read"),
            (.get, "images/a/p.jpg", [.apiKey: "hunter2"], 401, nil, "read"),
            (.put, "images/b/p.jpg", BrowserFixture.key, 403, "key:shop", "upload"),
            (.get, "status", BrowserFixture.key, 403, "key:shop", "show_status"),
            (.delete, "images/a/p.jpg", operate, 403, "key:operator", "delete"),
            (.get, "images/a/p.jpg?sig=hunter2", [:], 403, nil, "read"),
        ] as [(HTTPRequest.Method, String, HTTPFields, Int, String?, String)] {
            let seen = lines.all.count
            #expect(try await application.send(method, target, headers).status == status)
            let new = lines.all[seen...]
            #expect(new.count == 1, "\(method) \(target)")
            #expect(new.first?["audit.kind"] == "rejection" && new.first?["audit.action"] == action)
            #expect(new.first?["access.identity"] == identity && new.first?["http.status"] == String(status))
            #expect(new.first?.values.contains { $0.contains("hunter2") } == false)
        }
    }

    @Test("Reads and errors of others have no line; each use of admin has one")
    func others() async throws {
        let (application, lines) = try await Self.open()
        for (target, headers) in [
            ("images/a/p.jpg", [:]), ("images/a/none.jpg", [:]), ("images?prefix=a/", BrowserFixture.key),
            ("access", BrowserFixture.key), ("images/a/p.jpg?w=0", [:]), ("nothing", [:]),
        ] as [(String, HTTPFields)] {
            _ = try await application.send(.get, target, headers)
        }
        _ = try await application.send(.options, "images/a/p.jpg")
        #expect(lines.all.isEmpty)
        _ = try await application.send(.get, "status", [.authorization: "Bearer \(BrowserFixture.secret)-o"])
        #expect(lines.all.map { $0["audit.kind"] } == ["admin"])
        #expect(lines.all[0]["access.identity"] == "key:operator" && lines.all[0]["audit.action"] == "show_status")
    }

    /// A client that leaves ends its connection before its write has ended.
    @Test("The line waits for the write, not for the client")
    func clientThatLeft() throws {
        let lines = Notes<[String: String]>()
        let log = AuditLog(logger: Logger(label: "audit") { _ in NotingLogHandler(lines: lines) })
        let head = HTTPRequest(method: .delete, scheme: "http", authority: nil, path: "/api/v1/images/a.jpg?x=1")
        let request = FinishedRequest(
            source: .exchange(head, requestID: "7"), remoteAddress: nil, clientAddress: nil, status: 499,
            outcome: .clientLeft, bytesSent: 0, bodyBytesReceived: 0, duration: .zero)
        let notes = RequestNotes()
        let path = try ImagePath("a.jpg".utf8)
        notes.update { $0.audit.judge(.delete(path)) }
        log.finished(request, notes)
        #expect(lines.all.isEmpty)
        notes.noteWrite(AuditNotes.Write(action: "delete", path: "a.jpg", before: "v1"))
        notes.handling.end()
        #expect(lines.all.count == 1)
        #expect(lines.all[0]["image.version.before"] == "v1" && lines.all[0]["http.outcome"] == "clientLeft")
    }
}
