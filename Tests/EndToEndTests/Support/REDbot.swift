import Foundation
import Testing

/// The errors that REDbot, and httplint in it, find in responses. Their author is an editor of HTTP.
enum REDbot {
    struct Request: Encodable {
        var name: String
        var method = "GET"
        var url: String
        var headers: [[String]] = []
    }

    struct Note: Decodable, Hashable {
        /// `default` is the response itself. The others are requests that REDbot sends itself.
        var check: String
        /// GOOD, INFO, WARN or BAD.
        var level: String
        var name: String
        var text: String
    }

    struct Answer: Decodable {
        var name: String
        var status: Int?
        /// The reason if there was no response; otherwise empty.
        var fetchError: String
        var notes: [Note]

        var problems: [Note] { notes.filter { $0.level == "BAD" || $0.level == "WARN" } }
    }

    /// Checks the responses to these requests. The driver itself sends one more, wrong response, with the name
    /// `control`.
    static func check(_ requests: [Request]) throws -> [Answer] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [ProcessInfo.processInfo.environment["PYTHON"] ?? "python3", "-c", driver]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(requests))
        try input.fileHandleForWriting.close()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try JSONDecoder().decode([Answer].self, from: text)
    }

    /// REDbot has a command, but it prints sentences without their levels. This driver prints levels, and supports any
    /// method and header fields.
    private static let driver = """
        import configparser, http.server, json, sys, threading, thor
        from redbot.resource import HttpResource

        class Wrong(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response_only(200)
                for name, value in [("Date", "Mon, 01 Jan 2001 00:00:00 GMT"), ("ETag", "bare"), ("Age", "old"),
                        ("Content-Length", "1")]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"x")
            def log_message(self, *arguments): pass

        wrong = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
        threading.Thread(target=wrong.serve_forever, daemon=True).start()
        config = configparser.ConfigParser()
        config.read_dict({"redbot": {"enable_local_access": "True"}})
        answers, running = [], set()

        def check(request):
            resource = HttpResource(config["redbot"])
            resource.set_request(request["url"], request["method"], [tuple(field) for field in request["headers"]])
            running.add(resource)
            def done():
                notes = []
                for asked in [resource] + list(resource.subreqs.values()):
                    for note in asked.response.notes:
                        for one in [note] + list(note.subnotes):
                            notes.append({"check": asked.check_id, "level": one.level.name,
                                "name": type(one).__name__, "text": str(one.summary)})
                answers.append({"name": request["name"], "status": resource.response.status_code,
                    "fetchError": str(resource.fetch_error or ""), "notes": notes})
                running.remove(resource)
                if not running: thor.stop()
            resource.once("check_done", done)
            resource.check()

        requests = json.load(sys.stdin)
        requests.append({"name": "control", "method": "GET", "headers": [],
            "url": "http://127.0.0.1:%d/" % wrong.server_port})
        for request in requests: check(request)
        thor.run()
        json.dump(answers, sys.stdout)
        """
}
