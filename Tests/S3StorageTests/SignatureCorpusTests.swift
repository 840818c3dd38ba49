import Foundation
import ObjectStorage
import Testing
import TextCoding

@testable import S3Storage

/// Every case of the signature version 4 test suite, in header and query form, with all three texts of each.
@Suite(.enabled(if: SignatureCase.folder != nil)) struct SignatureCorpusTests {
    @Test func isComplete() throws {
        #expect(SignatureCase.names.count == 38)
    }

    @Test(arguments: SignatureCase.names) func headerForm(_ name: String) throws {
        let test = try SignatureCase(name)
        let (headers, trace) = test.signer.sign(
            test.request, payload: test.payload, credentials: test.credentials, at: test.time)
        #expect(trace.canonicalRequest == (try test.text("header-canonical-request")))
        #expect(trace.stringToSign == (try test.text("header-string-to-sign")))
        #expect(trace.signature == (try test.text("header-signature")))
        let signed = try test.text("header-signed-request")
        let authorization = try #require(headers.first { $0.name == "authorization" }?.value)
        #expect(signed.contains("Authorization:\(authorization)"))
        for (name, value) in headers {
            #expect(signed.lowercased().contains("\(name):\(value)".lowercased()))
        }
    }

    @Test(arguments: SignatureCase.names) func queryForm(_ name: String) throws {
        let test = try SignatureCase(name)
        let (query, trace) = test.signer.presign(
            test.request, payload: test.payload, lifetime: test.lifetime, credentials: test.credentials,
            at: test.time)
        #expect(trace.canonicalRequest == (try test.text("query-canonical-request")))
        #expect(trace.stringToSign == (try test.text("query-string-to-sign")))
        #expect(trace.signature == (try test.text("query-signature")))
        #expect(query.hasSuffix("&X-Amz-Signature=\(trace.signature)"))
        #expect(query.contains("X-Amz-Expires=\(test.lifetime)&"))
        #expect(query.contains("X-Amz-Security-Token=") == (test.credentials.sessionToken != nil))
    }
}

/// One folder of the suite.
struct SignatureCase {
    static let folder = ProcessInfo.processInfo.environment["CORPUS_DIR"].map {
        URL(fileURLWithPath: $0).appendingPathComponent("aws-sigv4/v4")
    }

    static let names: [String] = {
        guard let folder else { return [] }
        return (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
    }()

    private struct Context: Decodable {
        struct Credentials: Decodable {
            var accessKeyId: String
            var secretAccessKey: String
            var token: String?
        }

        var credentials: Credentials
        var expirationInSeconds: Int
        var normalize: Bool
        var region: String
        var service: String
        var signBody: Bool
        var timestamp: String
        var omitSessionToken: Bool?
    }

    let signer: SignatureV4
    let request: SignableRequest
    let payload: PayloadHash
    let credentials: SigningCredentials
    let time: Timestamp
    let lifetime: Int
    private let name: String

    init(_ name: String) throws {
        self.name = name
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let context = try decoder.decode(Context.self, from: Self.read(name, "context.json"))
        signer = SignatureV4(
            region: context.region, service: context.service, normalizesPath: context.normalize,
            sendsPayloadHash: context.signBody, signsSessionToken: context.omitSessionToken != true)
        credentials = SigningCredentials(
            accessKey: context.credentials.accessKeyId, secretKey: context.credentials.secretAccessKey,
            sessionToken: context.credentials.token)
        time = try #require(Timestamp(rfc3339: context.timestamp))
        lifetime = context.expirationInSeconds
        let text = String(decoding: try Self.read(name, "request.txt"), as: UTF8.self)
        let parsed = try Self.parse(text)
        request = parsed.request
        // The suite signs its bodies even if no header announces them.
        payload = .sha256(Hashing.sha256(parsed.body.utf8))
    }

    func text(_ file: String) throws -> String {
        let text = String(decoding: try Self.read(name, "\(file).txt"), as: UTF8.self)
        return text.replacingOccurrences(of: "\r\n", with: "\n")
    }

    private static func read(_ name: String, _ file: String) throws -> Data {
        let folder = try #require(folder)
        return try Data(contentsOf: folder.appendingPathComponent(name).appendingPathComponent(file))
    }

    /// Reads a request in the form of the suite: paths with spaces, and headers that continue in the next line.
    private static func parse(_ text: String) throws -> (request: SignableRequest, body: String) {
        let halves = text.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n\n")
        var lines = halves[0].components(separatedBy: "\n")
        let start = lines.removeFirst()
        let method = String(start.prefix { $0 != " " })
        let target = start.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let path = target.prefix { $0 != "?" }
        var query: [QueryItem] = []
        for item in target.dropFirst(path.count + 1).split(separator: "&") {
            let name = item.prefix { $0 != "=" }
            query.append(
                QueryItem(
                    String(decoding: try #require(PercentEncoding.decode(name.utf8)), as: UTF8.self),
                    try #require(PercentEncoding.decode(item.dropFirst(name.count + 1).utf8))))
        }
        var headers: [(name: String, value: String)] = []
        for line in lines where !line.isEmpty {
            if line.hasPrefix(" "), let last = headers.indices.last {
                headers[last].value += "\n\(line)"
            } else {
                let name = String(line.prefix { $0 != ":" })
                headers.append((name, String(line.dropFirst(name.count + 1))))
            }
        }
        let request = SignableRequest(
            method: method, path: try #require(PercentEncoding.decode(path.utf8)), query: query,
            headers: headers)
        return (request, halves.count > 1 ? halves[1] : "")
    }
}
