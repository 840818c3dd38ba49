import Foundation
import ObjectStorage
import TestClock
import TestServers
import Testing
import TextCoding

@testable import S3Storage

/// Compares our signatures with those of AWS's own Python library, for keys with every kind of character.
@Suite(.enabled(if: Botocore.isThere)) struct BotocoreTests {
    private static let credentials = SigningCredentials(accessKey: "AKIDEXAMPLE", secretKey: "wJalr/XUtnFEMI+K7MDENG")
    private static let time = Timestamp(seconds: 1_440_938_160)

    /// Every printable ASCII character, then random keys of many kinds of characters.
    private static func keys(seed: UInt64) -> [String] {
        var keys = (0x20...0x7E).map { "a\(Unicode.Scalar(UInt8($0)))b" }
        keys += [
            " lead", "trail ", "a//b", "//", "/lead", "a/", "a/./b", "a/../b", "%", "%25", "%2F", "+", "a+b c%20d",
        ]
        let printable = (0x20...0x7E).map { Character(Unicode.Scalar(UInt8($0))) }
        let alphabet = printable + Array("äé日本👩‍👩‍👧ß\u{301}/// ++%%")
        var generator = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let length = Int.random(in: 1...40, using: &generator)
            keys.append(String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "x" }))
        }
        return keys
    }

    @Test(arguments: [nil, "token+/="], SeededRandom.seeds) func signatures(_ token: String?, seed: UInt64) throws {
        var credentials = Self.credentials
        credentials.sessionToken = token
        let cases = Self.keys(seed: seed).map { Botocore.Case(key: $0, token: token) }
        let answers = try Botocore.sign(cases, credentials: credentials, date: "20150830T123600Z")
        try #require(answers.count == cases.count)

        let signer = SignatureV4(region: "eu-central-1")
        for (test, answer) in zip(cases, answers) {
            let path = Array("/bucket/\(test.key)".utf8)
            var request = SignableRequest(
                method: "PUT", path: path, headers: [("host", "s3.example.com"), ("x-amz-meta-id", "a  b")])
            let body = PayloadHash.sha256(Hashing.sha256("body".utf8))
            let headers = signer.sign(request, payload: body, credentials: credentials, at: Self.time).headers
            let authorization = headers.first { $0.name == "authorization" }?.value
            #expect(authorization == answer.authorization, "\(test.key)")
            #expect(signer.canonicalPath(path) == answer.path, "\(test.key)")

            request.headers = [("host", "s3.example.com")]
            let (_, trace) = signer.presign(request, lifetime: 600, credentials: credentials, at: Self.time)
            #expect(trace.signature == answer.presigned, "\(test.key)")
        }
    }
}

/// A small Python program that signs with botocore.
enum Botocore {
    struct Case: Encodable {
        var key: String
        var token: String?
    }

    struct Answer: Decodable {
        var path: String
        var authorization: String
        var presigned: String
    }

    private struct Order: Encodable {
        var access: String
        var secret: String
        var date: String
        var cases: [Case]
    }

    static let isThere = (try? run("import botocore.auth", input: Data())) != nil

    static func sign(_ cases: [Case], credentials: SigningCredentials, date: String) throws -> [Answer] {
        let order = Order(access: credentials.accessKey, secret: credentials.secretKey, date: date, cases: cases)
        return try JSONDecoder().decode([Answer].self, from: run(program, input: JSONEncoder().encode(order)))
    }

    private static func run(_ program: String, input: Data) throws -> Data {
        guard let python = Program.find("python3", variable: "PYTHON") else { throw TestServerError("no python3") }
        // The data go through a file, so that neither side waits for a full pipe.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("botocore-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inputFile = folder.appendingPathComponent("in")
        let outputFile = folder.appendingPathComponent("out")
        try input.write(to: inputFile)
        try Data().write(to: outputFile)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", program]
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestServerError("python3 failed") }
        return try Data(contentsOf: outputFile)
    }

    private static let program = """
        import sys, json, datetime, hashlib
        from unittest import mock
        from urllib.parse import quote, urlsplit, parse_qs
        import botocore.auth, botocore.compat
        from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        order = json.load(sys.stdin)
        now = datetime.datetime.strptime(order["date"], "%Y%m%dT%H%M%SZ")
        for name in ("get_current_datetime",):
            for module in (botocore.auth, botocore.compat):
                if hasattr(module, name): setattr(module, name, lambda *a, **k: now)
        answers = []
        for case in order["cases"]:
            keys = Credentials(order["access"], order["secret"], case.get("token"))
            path = "/bucket/" + quote(case["key"], safe="/~")
            url = "https://s3.example.com" + path
            request = AWSRequest("PUT", url, data=b"body", headers={"x-amz-meta-id": "a  b"})
            S3SigV4Auth(keys, "s3", "eu-central-1").add_auth(request)
            presigned = AWSRequest("PUT", url)
            S3SigV4QueryAuth(keys, "s3", "eu-central-1", expires=600).add_auth(presigned)
            query = parse_qs(urlsplit(presigned.url).query)
            answers.append({"path": path, "authorization": request.headers["Authorization"],
                "presigned": query["X-Amz-Signature"][0]})
        json.dump(answers, sys.stdout)
        """
}
