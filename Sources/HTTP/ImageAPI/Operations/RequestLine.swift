import HTTPServer
import HTTPTypes
public import Logging
import NIOCore

/// Takes the access log lines from all event loops at once. It must not block.
public protocol RequestLineSink: Sendable {
    /// Writes a line with the message ``RequestLine/message``.
    func write(_ line: RequestLine, at level: Logger.Level)
}

/// Takes the fields of a line, sorted by key.
public protocol RequestFields: ~Copyable {
    mutating func text(_ key: StaticString, _ value: String)
    /// - Parameter value: UTF-8. Invalid bytes become what `String(decoding:as:)` makes of them.
    mutating func text(_ key: StaticString, _ value: UnsafeRawBufferPointer)
    mutating func integer(_ key: StaticString, _ value: Int)
}

/// The access log line of one request. Only this type defines it, for every path of a request and for every writer. It
/// never has a query, which may hold tokens.
public struct RequestLine {
    /// The message of every such line.
    public static let message: StaticString = "request finished"

    let request: FinishedRequest
    let route: String
    let notes: RequestNotes.Values?

    /// Writes all fields, each once, sorted by key.
    public func write<Fields: RequestFields & ~Copyable>(into fields: inout Fields) {
        if let identity = self.notes?.identity { fields.text("access.identity", identity) }
        if let cache = self.notes?.cache { fields.text("cache", cache) }
        if let address = self.request.clientAddress { fields.text("client.address", address) }
        fields.integer("http.bytes.received", self.request.bodyBytesReceived)
        fields.integer("http.bytes.sent", self.request.bytesSent)
        fields.text("http.method", self.method)
        fields.text("http.outcome", self.request.outcome.rawValue)
        self.writePath(into: &fields)
        fields.text("http.route", self.route)
        fields.text("http.seconds", (Double(self.request.duration.nanoseconds) / 1e9).description)
        fields.integer("http.status", self.request.status)
        if let problem = self.notes?.problem {
            if let cause = problem.cause { fields.text("problem.cause", String(reflecting: cause)) }
            fields.text("problem.code", problem.code.rawValue)
            fields.text("problem.detail", problem.detail)
        }
        switch self.request.source {
        case .exchange(_, let requestID): fields.text("request.id", requestID)
        case .fastPath(_, let id): id.withDigits { fields.text("request.id", $0) }
        }
    }

    private var method: String {
        switch self.request.source {
        case .exchange(let head, _): head?.method.rawValue ?? "-"
        case .fastPath(let request, _): request.isHead ? "HEAD" : "GET"
        }
    }

    private func writePath<Fields: RequestFields & ~Copyable>(into fields: inout Fields) {
        switch self.request.source {
        case .exchange(nil, _): fields.text("http.path", "-")
        case .exchange(let head?, _):
            Route.split(target: head.path ?? "/").path.withUnsafeBytes { fields.text("http.path", $0) }
        case .fastPath(let request, _):
            request.target.withUnsafeReadableBytes { target in
                let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
                fields.text("http.path", UnsafeRawBufferPointer(rebasing: target[..<end]))
            }
        }
    }
}

/// The fields for swift-log.
struct RequestMetadata: RequestFields {
    var values: Logger.Metadata = [:]

    mutating func text(_ key: StaticString, _ value: String) { self.values["\(key)"] = .string(value) }

    mutating func text(_ key: StaticString, _ value: UnsafeRawBufferPointer) {
        self.values["\(key)"] = .string(String(decoding: value, as: UTF8.self))
    }

    mutating func integer(_ key: StaticString, _ value: Int) { self.values["\(key)"] = .stringConvertible(value) }
}
