import NIOConcurrencyHelpers
import NIOHTTP1

/// Tells the store's own answers from those of anything else in between: a captive portal, or a proxy whose error page
/// has status 200. Such an answer can have an ETag, a date and a length as well.
///
/// S3's answers have headers whose names begin with `x-amz-`, such as `x-amz-request-id`. Not every store sends one
/// with each answer. So they are required only after the store's first answer that has one: an object without any is
/// then from somebody else. Before that, on a store that sends none, and for answers to writes, only a web page is from
/// somebody else. Documents are recognised by their root.
final class StoreVoice: Sendable {
    private let bearsMarks = NIOLockedValueBox(false)
    private let lastServer = NIOLockedValueBox("")

    /// The Server header of the last answer; empty if it had none.
    var server: String { lastServer.withLockedValue { $0 } }

    /// Examines an answer.
    ///
    /// - Returns: whether it can come from the store.
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

    /// Google's answers have `x-goog-`.
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
