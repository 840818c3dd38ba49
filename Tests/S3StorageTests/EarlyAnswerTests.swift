import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

/// The store responds to a write before it has read the body. If the kernel does not take the whole body at once (4 MB
/// and more on loopback), the response was lost: "I/O on closed channel", 503, and the store counted as away.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct EarlyAnswerTests {
    struct Rejection: Sendable, CustomTestStringConvertible {
        var status: Int
        var code: String
        var means: StorageError.Code

        var testDescription: String { "\(status) \(code)" }
        var body: String { "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>" }
    }

    enum Ending: Sendable, CaseIterable {
        /// The store announces that it closes, and then closes.
        case announced
        /// The store closes without announcing it.
        case sudden
        /// The store keeps the connection open and reads no more.
        case open
    }

    private static let rejections = [
        Rejection(status: 403, code: "AccessDenied", means: .denied),
        Rejection(status: 413, code: "EntityTooLarge", means: .full),
        Rejection(status: 507, code: "XMinioStorageFull", means: .full),
        Rejection(status: 400, code: "QuotaExceeded", means: .full),
        Rejection(status: 412, code: "PreconditionFailed", means: .preconditionFailed),
        Rejection(status: 503, code: "SlowDown", means: .overloaded),
    ]

    private func fault(_ rejection: Rejection, _ ending: Ending) -> Fault {
        .answerEarly(
            status: rejection.status, headers: ending == .announced ? ["connection": "close"] : [:],
            body: rejection.body, closes: ending != .open)
    }

    @Test(arguments: rejections, Ending.allCases) func aRejectedPutReportsTheError(
        _ rejection: Rejection, _ ending: Ending
    ) async throws {
        // Each size uses its own connections, because an idle connection that the store has closed is a different case.
        // A small body on a connection that is never read again is also a different case: it is sent completely before
        // its response comes.
        for size in [1000, 300_000, 4_300_000, 8 << 20] where ending != .open || size > 1000 {
            try await Servers.withFaults { storage, proxy in
                proxy.setPlan { $0.method == "PUT" ? fault(rejection, ending) : .none }
                let bytes = ByteBuffer(repeating: 7, count: size)
                let error = await expect(throwing: rejection.means) {
                    _ = try await storage.put(key(freshPrefix() + "x"), bytes: bytes, options: PutOptions())
                }
                #expect(error?.isOutage == false && error?.mayHaveHappened == false, "\(size) bytes")
                // No connection with half a request on it is used again.
                proxy.setPlan { _ in .none }
                try await storage.checkAvailability()
            }
        }
    }

    @Test(arguments: Ending.allCases) func aRejectedPartReportsTheError(_ ending: Ending) async throws {
        try await Servers.withFaults { storage, proxy in
            let upload = try await storage.beginUpload(key(freshPrefix() + "x"), options: UploadOptions())
            for rejection in Self.rejections {
                proxy.setPlan { $0.uri.contains("partNumber") ? fault(rejection, ending) : .none }
                let error = await expect(throwing: rejection.means) {
                    try await upload.uploadPart(ByteBuffer(repeating: 7, count: 8 << 20), number: 1)
                }
                #expect(error?.isOutage == false)
            }
            await upload.abort()
        }
    }

    /// A single SlowDown is not a rejection: the write is sent again, and happens once.
    @Test(arguments: Ending.allCases) func aPutIsRepeatedAfterOneSlowDown(_ ending: Ending) async throws {
        try await Servers.withFaults { storage, proxy in
            let rejection = Rejection(status: 503, code: "SlowDown", means: .overloaded)
            let first = Once()
            proxy.setPlan { $0.method == "PUT" && first.isFirst ? fault(rejection, ending) : .none }
            let key = try key(freshPrefix() + "x")
            let bytes = ByteBuffer(repeating: 7, count: 8 << 20)
            let etag = try await storage.put(key, bytes: bytes, options: PutOptions()).etag
            #expect(proxy.exchanges.count { $0.method == "PUT" } == 2)
            let object = try await storage.head(key)
            #expect(object.etag == etag && object.size == 8 << 20)
        }
    }

    /// A connection that ends without a response is still an outage, and the write may have happened.
    @Test func aConnectionWithoutAResponseIsAnOutage() async throws {
        try await Servers.withFaults { storage, proxy in
            proxy.setPlan { $0.method == "PUT" ? .refuse : .none }
            let error = await expect(throwing: .unavailable) {
                _ = try await storage.put(
                    key(freshPrefix() + "x"), bytes: ByteBuffer(repeating: 7, count: 8 << 20), options: PutOptions())
            }
            #expect(error?.mayHaveHappened == true)
        }
    }
}
