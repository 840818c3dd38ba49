import NIOHTTP1

/// What a browser lets a page do, by the Fetch standard, for requests without cookies.
enum FetchModel {
    /// Section 4.10, "CORS check": whether a script may read the answer.
    static func maySee(_ answer: HTTP.Answer, from origin: String) -> Bool {
        let allowed = answer.headers["Access-Control-Allow-Origin"]
        return allowed == ["*"] || allowed == [origin]
    }

    /// Section 4.8, "CORS-preflight fetch": whether the request itself is sent at all.
    static func maySend(_ method: String, _ fields: [String], from origin: String, preflight: HTTP.Answer) -> Bool {
        guard (200..<300).contains(preflight.status), maySee(preflight, from: origin) else { return false }
        func list(_ name: String) -> [String] {
            preflight.headers[name].flatMap { $0.split(separator: ",") }.map { $0.trimmingPrefix(" ").lowercased() }
        }
        let (methods, names) = (list("Access-Control-Allow-Methods"), list("Access-Control-Allow-Headers"))
        // `*` does not stand for Authorization.
        return (["GET", "HEAD", "POST"].contains(method) || methods.contains(method.lowercased()))
            && fields.allSatisfy { names.contains($0.lowercased()) }
    }

    /// Section 3.7, "cross-origin resource policy check": whether a page of another site may embed it.
    static func mayEmbed(_ answer: HTTP.Answer) -> Bool {
        answer.headers["Cross-Origin-Resource-Policy"] == ["cross-origin"]
    }
}
