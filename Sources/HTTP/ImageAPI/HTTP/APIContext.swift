public import HTTPServer
import ImageService
import NIOConcurrencyHelpers

/// What goes along with one request.
public struct APIContext: RequestContext {
    /// In answers to errors and in the log.
    public let requestID: String
    /// Whether the client is on this machine.
    public let isLoopback: Bool
    /// Who shares permits with nobody else at what all want at once.
    let client: ClientIdentity
    let notes = RequestNotes()
    /// Told before a permit for the codecs is waited for.
    let codecDemand: CodecDemand

    /// The context of one request from this connection.
    public init(source: ServerRequestSource) {
        requestID = source.requestID
        isLoopback = source.isLoopback
        client = ClientIdentity(source.remoteAddress)
        codecDemand = CodecDemand(onNeed: source.announceCostlyWork)
    }
}

/// What is learnt about a request while it is answered, for the access log and the metrics.
final class RequestNotes: Sendable {
    struct Values: Sendable {
        /// The kind of request: a name from a fixed set, never a path.
        var route = "other"
        /// As in Cache-Status: `hit`, `miss`, `revalidated`, `stale`; nil where no cache was asked.
        var cache: String?
        var problem: Problem?
    }

    private let values = NIOLockedValueBox(Values())
    /// What counts the answer's bytes until the last of them is with the client.
    private let holds = NIOLockedValueBox<[AnswerHold]>([])

    var current: Values { values.withLockedValue { $0 } }

    func update(_ change: (inout Values) -> Void) {
        values.withLockedValue { change(&$0) }
    }

    /// Keeps what counts the answer's bytes until the request has ended.
    func keep(_ hold: AnswerHold?) {
        if let hold { holds.withLockedValue { $0.append(hold) } }
    }

    var holdsAnswer: Bool { holds.withLockedValue { !$0.isEmpty } }

    /// The last byte is with the kernel, or the connection has ended.
    func letGo() {
        // Let go of outside the lock.
        _ = holds.withLockedValue { holds in
            defer { holds = [] }
            return holds
        }
    }
}
