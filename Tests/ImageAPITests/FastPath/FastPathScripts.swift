import ImageRequests
import ImageService
import ObjectStorage
import TextCoding

/// Every kind of read, as sent over the wire.
struct FastPathScripts {
    typealias Script = FastPathTests.Script

    private let etag: String
    private let version: String
    private let modified: String
    private let past = "Mon, 01 Jan 2001 00:00:00 GMT"
    private let future = "Fri, 01 Jan 2100 00:00:00 GMT"

    init(_ service: ImageService) async throws {
        let image = try await service.describe(try ImagePath("p.jpg".utf8))
        self.etag = image.etag.text
        self.version = image.version
        self.modified = image.object.lastModified?.httpDate ?? ""
    }

    var all: [Script] {
        self.plain + self.conditions + self.ranges + self.forms + self.pipelines + self.browsers
    }

    /// The same for the same seed.
    func random(_ count: Int, seed: UInt64) -> [Script] {
        var random = SplitMix64(state: seed)
        let targets = [
            "p.jpg", "p.jpg?w=16", "p.jpg?w=16&format=png", "p.jpg?preset=small", "p.jpg?v=\(self.version)",
            "large.jpg", "huge.jpg", "missing.jpg", "p.jpg?v=other", "%70.jpg", "p.jpg?w=16&utm=1", "p.jpg?w=0",
            "p.jpg?sig=1", "p.jpg?download", "p.jpg?w=16&download=a.png",
        ]
        let tags = [self.etag, "W/\(self.etag)", "\"other\"", "*", "\"a\", \(self.etag)", "nonsense"]
        let dates = [self.past, self.modified, self.future, "nonsense"]
        let ranges = ["bytes=0-9", "bytes=-5", "bytes=100-", "bytes=9-0", "bytes=0-1,4-5", "bytes=99999999-", "x=1-2"]
        let accepts = ["image/webp", "*/*", "image/png;q=0.5, image/webp;q=0", "image/avif,image/webp,*/*;q=0.8", ""]
        let others = ["Authorization: Bearer x", "X-API-Key: x", "Cookie: a=b", "Save-Data: on", "User-Agent: x"]
        let origins = ["https://shop.example", "http://localhost:3000", "https://evil.example", "null"]
        func field(_ random: inout SplitMix64) -> String {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: "If-None-Match: \(tags.randomElement(using: &random) ?? "")"
            case 1: "If-Match: \(tags.randomElement(using: &random) ?? "")"
            case 2: "If-Modified-Since: \(dates.randomElement(using: &random) ?? "")"
            case 3: "If-Unmodified-Since: \(dates.randomElement(using: &random) ?? "")"
            case 4: "If-Range: \((tags + dates).randomElement(using: &random) ?? "")"
            case 5: "Range: \(ranges.randomElement(using: &random) ?? "")"
            case 6: "Accept: \(accepts.randomElement(using: &random) ?? "")"
            case 7, 8: "Origin: \(origins.randomElement(using: &random) ?? "")"
            default: others.randomElement(using: &random) ?? ""
            }
        }
        return (0..<count).map { number in
            let requests = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                FastPathTests.request(
                    targets.randomElement(using: &random) ?? "p.jpg",
                    (0..<Int.random(in: 0...3, using: &random)).map { _ in field(&random) },
                    method: Bool.random(using: &random) ? "GET" : "HEAD")
            }
            return Script("random \(number)", requests, fast: [])
        }
    }

    private var plain: [Script] {
        [
            Script("GET", "p.jpg", fast: true),
            Script("HEAD", "p.jpg", fast: true, method: "HEAD"),
            Script("a large original", "large.jpg", fast: true),
            Script("one that is sent piece by piece", "huge.jpg", fast: false),
            Script("HEAD of that", "huge.jpg", fast: true, method: "HEAD"),
            Script("rendition", "p.jpg?w=16", fast: true),
            Script("HEAD of a rendition", "p.jpg?w=16", fast: true, method: "HEAD"),
            Script("WebP", "p.jpg?w=16", ["Accept: image/webp,*/*;q=0.8"], fast: true),
            Script("any", "p.jpg?w=16", ["Accept: */*"], fast: true),
            Script("Accept twice", "p.jpg?w=16", ["Accept: image/webp", "Accept: image/png"], fast: false),
            Script("PNG", "p.jpg?w=16&format=png", ["Accept: image/webp"], fast: true),
            Script("preset", "p.jpg?preset=small", fast: true),
            Script("no preset", "p.jpg?preset=other", fast: false),
            Script("right version", "p.jpg?v=\(self.version)", fast: true),
            Script("right version of a rendition", "p.jpg?w=16&v=\(self.version)", fast: true),
            Script("wrong version", "p.jpg?v=other", fast: false),
            Script("unknown parameter", "p.jpg?utm=1", fast: true),
            Script("broken in what means nothing", "p.jpg?utm_campaign=50%off", fast: true),
            Script("broken text in what means nothing", "p.jpg?w=16&utm=%ff", fast: true),
            Script("broken name of what means nothing", "p.jpg?%=1&w=16", fast: true),
            Script("broken in what means something", "p.jpg?w=5%", fast: false),
            Script("a broken version", "p.jpg?v=%", fast: false),
            Script("doubled parameter", "p.jpg?w=1&w=2", fast: false),
            Script("bad parameter", "p.jpg?w=0", fast: false),
            Script("escapes", "%70.jp%67?%77=16", fast: true),
            Script("bad escape", "p.jpg%2", fast: false),
            Script("nothing there", "missing.jpg", fast: false),
            Script("bad path", "a//b", fast: false),
            Script("empty path", "?limit=1", fast: false),
            Script("another method", "p.jpg", fast: false, method: "OPTIONS"),
        ]
    }

    private var conditions: [Script] {
        let table: [([String], Bool)] = [
            (["If-None-Match: \(self.etag)"], true), (["If-None-Match: W/\(self.etag)"], true),
            (["If-None-Match: \"a\", \(self.etag)"], true),
            (["If-None-Match: \"a\"", "If-None-Match: \(self.etag)"], true),
            (["If-None-Match: *"], true), (["If-None-Match: \"other\""], true),
            (["If-Modified-Since: \(self.modified)"], true), (["If-Modified-Since: \(self.past)"], true),
            (["If-Modified-Since: nonsense"], true), (["If-Modified-Since: \(self.future)"], true),
            (["If-None-Match: \"x\"", "If-Modified-Since: \(self.future)"], true),
            (["If-Match: \(self.etag)"], true), (["If-Match: *"], true), (["If-Match: \"other\""], false),
            (["If-Unmodified-Since: \(self.future)"], true), (["If-Unmodified-Since: \(self.past)"], false),
        ]
        return table.flatMap { fields, isFast in
            ["GET", "HEAD"].map { Script("\($0) \(fields)", "p.jpg", fields, fast: isFast, method: $0) }
        } + [
            Script("any rendition", "p.jpg?w=16", ["If-None-Match: *"], fast: true),
            Script("another rendition", "p.jpg?w=16", ["If-None-Match: \(self.etag)"], fast: true),
            Script("no such rendition", "p.jpg?w=16", ["If-Match: \"x\""], fast: false),
        ]
    }

    private var ranges: [Script] {
        let table: [([String], Bool)] = [
            (["Range: bytes=0-9"], true), (["Range: bytes=100-"], true), (["Range: bytes=-5"], true),
            (["Range: bytes=0-"], true), (["Range: bytes=0-99999999"], true), (["Range: bytes=9000-"], false),
            (["Range: bytes=5-4"], true), (["Range: bytes=0-1,3-4"], true), (["Range: lines=0-1"], true),
            (["Range: bytes=0-1", "Range: bytes=3-4"], true),
            (["Range: bytes=0-9", "If-Range: \(self.etag)"], true), (["Range: bytes=0-9", "If-Range: \"x\""], true),
            (["Range: bytes=0-9", "If-Range: W/\(self.etag)"], true),
            (["Range: bytes=0-9", "If-Range: \(self.modified)"], true), (["If-Range: \"x\""], true),
            (["Range: bytes=0-9", "If-None-Match: \(self.etag)"], true),
            (["Range: bytes=0-9", "If-Match: \"x\""], false),
        ]
        return table.map { Script("\($0)", "p.jpg", $0, fast: $1) } + [
            Script("part of a large one", "large.jpg", ["Range: bytes=150000-199999"], fast: true),
            Script("part of a rendition", "p.jpg?w=16", ["Range: bytes=1-10"], fast: true),
            Script("behind a rendition", "p.jpg?w=16", ["Range: bytes=999999-"], fast: false),
            Script("HEAD knows no range", "p.jpg", ["Range: bytes=0-9"], fast: true, method: "HEAD"),
        ]
    }

    /// Forms of a head: unambiguous ones, and ones that are left to the parser.
    private var forms: [Script] {
        func script(_ name: String, _ head: String, _ isFast: Bool) -> Script { Script(name, [head], fast: [isFast]) }
        let line = "GET /api/v1/images/p.jpg HTTP/1.1\r\n"
        return [
            script("names in any case", line + "hOST:localhost\r\nRANGE:\tbytes=0-9 \t\r\n\r\n", true),
            script("keep-alive", line + "Host: a\r\nConnection: Keep-Alive\r\n\r\n", true),
            script("other connection", line + "Host: a\r\nConnection: keep-alive, x\r\n\r\n", false),
            script("what browsers send", line + "Host: a:80\r\nCookie: a=b\r\nSec-Fetch-Mode: no-cors\r\n\r\n", true),
            script("empty value", line + "Host: a\r\nX:\r\n\r\n", true),
            script("empty body", line + "Host: a\r\nContent-Length: 0\r\n\r\n", false),
            script("body", line + "Host: a\r\nContent-Length: 3\r\n\r\nabc", false),
            script("chunks", line + "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false),
            script("expectation", line + "Host: a\r\nExpect: 100-continue\r\n\r\n", false),
            script("token", line + "Host: a\r\nAuthorization: Bearer x\r\n\r\n", true),
            script("API key", line + "Host: a\r\nX-API-Key: x\r\n\r\n", false),
            script("bytes beyond ASCII", line + "Host: a\r\nX: \u{E9}\r\n\r\n", false),
            script("absolute target", "GET http://a/api/v1/images/p.jpg HTTP/1.1\r\nHost: a\r\n\r\n", false),
            script("many fields", line + "Host: a\r\n" + String(repeating: "X: y\r\n", count: 120) + "\r\n", true),
            script("empty line before it", "\r\n" + line + "Host: a\r\n\r\n", false),
        ]
    }

    /// Pages of some origins, and downloads.
    private var browsers: [Script] {
        let shop = "Origin: https://shop.example"
        let others = ["http://localhost:3000", "https://evil.example", "null", "", "HTTPS://shop.example"]
        return [
            Script("a page", "p.jpg", [shop], fast: true), Script("HEAD", "p.jpg", [shop], fast: true, method: "HEAD"),
            Script("rendition", "p.jpg?w=16", [shop], fast: true),
            Script("not modified", "p.jpg", [shop, "If-None-Match: \(self.etag)"], fast: true),
            Script("part", "p.jpg", [shop, "Range: bytes=0-9"], fast: true),
            Script("two origins", "p.jpg", [shop, shop], fast: false),
            Script("an error for a page", "missing.jpg", [shop], fast: false),
            Script("no match for a page", "p.jpg", [shop, "If-Match: \"x\""], fast: false),
            Script("preflight", "p.jpg", [shop, "Access-Control-Request-Method: GET"], fast: false, method: "OPTIONS"),
            Script("download", "p.jpg?download", fast: false),
            Script("download for a page", "p.jpg?w=16&download=a.png", [shop], fast: false),
            Script("a download twice", "p.jpg?download&download", fast: false),
        ] + others.map { Script("origin \($0)", "p.jpg?w=16", ["Origin: \($0)"], fast: true) }
    }

    private var pipelines: [Script] {
        let hit = FastPathTests.request("p.jpg?w=16")
        let head = FastPathTests.request("p.jpg", method: "HEAD")
        let miss = FastPathTests.request("missing.jpg")
        let current = FastPathTests.request("p.jpg", ["If-None-Match: \(self.etag)"])
        return [
            Script("hits", [hit, head, current, hit], fast: [true, true, true, true]),
            // Requests after one that is being answered wait for it. Then they are tried on the fast path.
            Script("miss between hits", [hit, miss, head, current], fast: [true, false, true, true]),
            Script("miss first", [miss, hit, miss, hit], fast: [false, true, false, true]),
        ]
    }
}

/// Vigna's generator: the same numbers for the same seed.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
