import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

/// Another server responds in place of the store: a captive portal, or a proxy with an error page of status 200. Such a
/// response was accepted as an empty listing, and images in memory became 404.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct ForeignAnswerTests {
    private static let page = "<html><body>Please sign in</body></html>"

    /// All headers that an object has.
    private static func headers(_ type: String?) -> [String: String] {
        var headers = ["etag": "\"5f-1\"", "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT", "server": "nginx"]
        headers["content-type"] = type
        return headers
    }

    @Test(arguments: [
        "", page, "<!DOCTYPE html>\n" + page, "{\"error\": 1}", "<Error><Code>AccessDenied</Code></Error>",
        "<Error><Code>NoSuchKey</Code></Error>", "<Error/>", "<ListAllMyBucketsResult/>", "<ListBucketResult>",
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>",
    ])
    func aForeignPageIsNotAListing(_ body: String) async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { _ in .answer(status: 200, headers: ["content-type": "application/xml"], body: body) }
            let error = await expect(throwing: .badAnswer) { _ = try await storage.list(ListRequest()) }
            #expect(error?.isOutage == true)
        }
    }

    /// An error from the store in place of a listing may be temporary, so the request is repeated.
    @Test func aListingIsRepeatedAfterATemporaryError() async throws {
        try await Servers.withFaults { storage, proxy in
            let first = Once()
            proxy.setPlan { _ in
                first.isFirst ? .answer(status: 200, body: "<Error><Code>InternalError</Code></Error>") : .none
            }
            _ = try await storage.list(ListRequest(prefix: Array(freshPrefix().utf8)))
            #expect(proxy.exchanges.count == 2)
        }
    }

    @Test(arguments: ["text/html", "text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml"])
    func aForeignPageIsNotAnObject(_ type: String) async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { _ in .answer(status: 200, headers: Self.headers(type), body: Self.page) }
            try await expectNonsense(storage)
        }
    }

    /// If a store has shown its header fields before, they identify it, whatever type a page claims.
    @Test(arguments: ["text/plain", "application/json", "image/jpeg", nil] as [String?])
    func aKnownStoreIsRecognisedByItsHeaders(_ type: String?) async throws {
        try await Servers.withFaults { storage, proxy in
            try await storage.checkAvailability()
            proxy.setPlan { _ in .answer(status: 200, headers: Self.headers(type), body: Self.page) }
            let key = try key("x")
            for ask in [
                { _ = try await storage.head(key) }, { _ = try await storage.get(key, options: GetOptions()) },
                { try await storage.checkAvailability() },
            ] as [() async throws -> Void] {
                let error = await expect(throwing: .badAnswer) { try await ask() }
                #expect(error?.isOutage == true)
            }
        }
    }

    /// A person may have put a web page into the bucket. Its response has the store's header fields, so it is an
    /// object.
    @Test func aWebPageInTheBucketIsAnObject() async throws {
        try await Servers.withFaults { storage, _ in
            let key = try key(freshPrefix() + "page")
            _ = try await storage.put(key, bytes: bytes(Self.page), options: PutOptions(contentType: "text/html"))
            #expect(try await storage.head(key).contentType == "text/html")
            let got = try await storage.get(key, options: GetOptions())
            #expect(try await got.body.collect(upTo: 100) == bytes(Self.page))
        }
    }

    private func expectNonsense(_ storage: S3Storage) async throws {
        let key = try key("x")
        for ask in [
            { _ = try await storage.head(key) }, { _ = try await storage.get(key, options: GetOptions()) },
            { _ = try await storage.put(key, bytes: bytes("x"), options: PutOptions()) },
            { try await storage.delete(key, ifMatch: nil) }, { try await storage.checkAvailability() },
            { _ = try await storage.beginUpload(key, options: UploadOptions()) },
        ] as [() async throws -> Void] {
            let error = await expect(throwing: .badAnswer) { try await ask() }
            #expect(error?.isOutage == true)
        }
    }

    @Test func anArchivedObjectIsReported() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { exchange in
                exchange.method == "GET"
                    ? .answer(status: 403, body: "<Error><Code>InvalidObjectState</Code></Error>") : .none
            }
            let key = try key(freshPrefix() + "x")
            _ = try await storage.put(key, bytes: bytes("x"), options: PutOptions())
            let error = await expect(throwing: .archived) { _ = try await storage.get(key, options: GetOptions()) }
            #expect(error?.isOutage == false)
        }
    }

    /// The second try of a delete meets the result of the first, and the look-up fails: the outcome is unknown.
    @Test func aDeleteWithoutALookUpIsReportedAsUnknown() async throws {
        try await Servers.withFaults { storage, proxy in
            let key = try key(freshPrefix() + "x")
            let etag = try await storage.put(key, bytes: bytes("x"), options: PutOptions()).etag
            let firstDelete = Once()
            // Two look-ups succeed: before the delete, and after its lost response. The third, after the second delete,
            // fails.
            let looks = NIOLockedValueBox(2)
            proxy.setPlan { exchange in
                switch exchange.method {
                case "DELETE":
                    firstDelete.isFirst
                        ? .answer(status: 500)
                        : .answer(status: 412, body: "<Error><Code>PreconditionFailed</Code></Error>")
                case "HEAD":
                    looks.withLockedValue { left in
                        left -= 1
                        return left >= 0
                    } ? .none : .answer(status: 403)
                default: .none
                }
            }
            let error = await expect(throwing: .denied) { try await storage.delete(key, ifMatch: etag) }
            #expect(error?.mayHaveHappened == true)
        }
    }
}
