import NIOConcurrencyHelpers
import NIOHTTP1

/// Tells the store's own answers from those of whatever else may stand on the way to it: a captive portal, or a proxy
/// whose error page has status 200. They can have an ETag, a date and a length as well.
///
/// S3's answers bear fields whose names begin with `x-amz-`, such as `x-amz-request-id`. Not every store sends one with
/// each answer, so it is asked for only where this store has: from its first answer that has one, an object without any
/// is somebody else's. Before, on a store that sends none, and in answer to a write, what calls itself a web page is.
/// Documents are told by their root.
final class StoreVoice: Sendable {
    private let bearsMarks = NIOLockedValueBox(false)
    private let lastServer = NIOLockedValueBox("")

    /// The Server field of the last answer; empty where it had none.
    var server: String { lastServer.withLockedValue { $0 } }

    /// Takes note of an answer.
    ///
    /// - Returns: whether it can be the store's.
    func hear(_ headers: HTTPHeaders, to request: S3Request) -> Bool {
        let server = headers.first(name: "server") ?? ""
        lastServer.withLockedValue { if $0 != server { $0 = server } }
        if headers.contains(where: { Self.isMark($0.name) }) {
            bearsMarks.withLockedValue { $0 = true }
            return true
        }
        if request.asksForObject, bearsMarks.withLockedValue({ $0 }) { return false }
        return !Self.isWebPage(headers)
    }

    /// `x-goog-` stands in answers of Google's.
    private static func isMark(_ name: String) -> Bool {
        let name = name.utf8
        return ["x-amz-", "x-goog-"].contains { mark in
            name.count > mark.utf8.count && zip(name, mark.utf8).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
        }
    }

    private static func isWebPage(_ headers: HTTPHeaders) -> Bool {
        guard let type = headers.first(name: "content-type") else { return false }
        let name = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return name == "text/html" || name == "application/xhtml+xml"
    }
}
