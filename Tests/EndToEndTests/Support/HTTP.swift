import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// A small client for tests: complete responses, no redirects.
enum HTTP {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer

        var text: String { String(buffer: body) }
        var bytes: [UInt8] { Array(body.readableBytesView) }

        func header(_ name: String) -> String? { headers.first(name: name) }

        init(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// Reads a response as it came over the wire, up to the close of the connection; nil if it is not a response.
        init?(_ bytes: ByteBuffer) {
            var body = bytes
            guard let length = body.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8))?.lowerBound,
                let head = body.readString(length: length - body.readerIndex)
            else { return nil }
            body.moveReaderIndex(forwardBy: 4)
            let lines = head.components(separatedBy: "\r\n")
            let words = lines[0].split(separator: " ", maxSplits: 2)
            guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
            let fields = lines.dropFirst().compactMap { line -> (String, String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                return (
                    String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                )
            }
            self.init(status: status, headers: HTTPHeaders(fields), body: body)
        }

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

    /// A PUT whose response may come before its end. It uses its own connection, and sends and receives at the same
    /// time. The client above drops such a response if it has not sent everything by then.
    static func putHearing(
        _ url: String, _ bytes: [UInt8], _ headers: [(String, String)] = []
    ) async throws -> Answer {
        let url = try #require(URLComponents(string: url))
        let fields = [("Host", "localhost"), ("Connection", "close"), ("Content-Length", "\(bytes.count)")] + headers
        let head = fields.reduce("PUT \(url.percentEncodedPath) HTTP/1.1\r\n") { $0 + "\($1.0): \($1.1)\r\n" }
        var request = ByteBuffer(string: head + "\r\n")
        request.writeBytes(bytes)
        let answer = try await RawHTTP.connect(port: try #require(url.port)) { [request] inbound, outbound in
            var inbound = inbound
            async let sent: Void = outbound.write(request)
            var answer = ByteBuffer()
            while var bytes = try await inbound.next() { answer.writeBuffer(&bytes) }
            // This result does not matter if the response came before the end.
            _ = try? await sent
            return answer
        }
        return try #require(Answer(answer))
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
