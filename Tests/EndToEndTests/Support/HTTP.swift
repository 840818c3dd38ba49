import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A small client for tests: whole answers, no redirects.
enum HTTP {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer

        var text: String { String(buffer: body) }
        var bytes: [UInt8] { Array(body.readableBytesView) }

        func header(_ name: String) -> String? { headers.first(name: name) }

        /// The body as a JSON object.
        func object() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any] ?? [:]
        }

        /// The body as a list of JSON objects.
        func objects() throws -> [[String: Any]] {
            try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [[String: Any]] ?? []
        }
    }

    static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 400
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    static func send(
        _ method: HTTPMethod, _ url: String, headers: [(String, String)] = [], body: HTTPClientRequest.Body? = nil,
        timeout: TimeAmount = .seconds(60)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = HTTPHeaders(headers)
        request.body = body
        let response = try await client.execute(request, timeout: timeout)
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            body: try await response.body.collect(upTo: 1 << 30))
    }

    static func get(_ url: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.GET, url, headers: headers)
    }

    static func head(_ url: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.HEAD, url, headers: headers)
    }

    static func put(_ url: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.PUT, url, headers: headers, body: .bytes(ByteBuffer(bytes: bytes)))
    }

    /// A PUT that may be answered before its end. This client forgets such an answer where it fails to send the rest,
    /// so it is asked again.
    static func putAgain(
        _ url: String, _ bytes: [UInt8], _ headers: [(String, String)] = []
    ) async throws -> Answer {
        for _ in 0..<20 {
            do {
                return try await put(url, bytes, headers)
            } catch  where error is ChannelError || error is IOError {
                continue
            }
        }
        return try await put(url, bytes, headers)
    }

    static func post(_ url: String, json: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(
            .POST, url, headers: headers + [("Content-Type", "application/json")],
            body: .bytes(ByteBuffer(string: json)))
    }

    static func delete(_ url: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send(.DELETE, url, headers: headers)
    }
}

extension HTTPClientRequest.Body {
    /// A body without Content-Length, in chunks.
    static func chunked(_ bytes: [UInt8], chunkSize: Int = 100_000) -> HTTPClientRequest.Body {
        let chunks = stride(from: 0, to: bytes.count, by: chunkSize).map {
            ByteBuffer(bytes: bytes[$0..<Swift.min($0 + chunkSize, bytes.count)])
        }
        let stream = AsyncStream<ByteBuffer> { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish()
        }
        return .stream(stream, length: .unknown)
    }
}
