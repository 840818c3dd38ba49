public import HTTPServer
import HTTPTypes
import ImageService
import NIOConcurrencyHelpers

/// The context of one request.
public struct APIContext: RequestContext {
    /// Used in error responses and in the log.
    public let requestID: String
    /// Whether the client is on this machine.
    public let isLoopback: Bool
    /// The client's address, for the limit of failed credentials.
    let address: ClientIdentity
    let notes = RequestNotes()
    /// Called before the request waits for a codec permit.
    let codecDemand: CodecDemand

    /// Creates the context of one request from this connection.
    public init(source: ServerRequestSource) {
        requestID = source.requestID
        isLoopback = source.isLoopback
        address = ClientIdentity(source.clientAddress)
        codecDemand = CodecDemand(onNeed: source.announceCostlyWork)
    }

    /// The client, for its limits and for a fair share of permits and memory: the owner of the credential, once that
    /// has been judged; else the address.
    var client: ClientIdentity { notes.owner ?? address }
}

/// What the server learns about a request while it answers, for the access log and the metrics.
final class RequestNotes: Sendable {
    struct Values: Sendable {
        /// The kind of request: a name from a fixed set, never a path.
        var route = "other"
        /// As in Cache-Status: `hit`, `miss`, `revalidated`, `stale`; nil if no cache was asked.
        var cache: String?
        var problem: Problem?
        /// Who sent the request, proven by a credential: `key:NAME` or `subject:NAME`.
        var identity: String?
        /// Whether it is a read that everybody may do, or everybody with the same signed URL.
        var isOpenRead = false
        /// The fields that let a page of another origin read the response.
        var crossOrigin = HTTPFields()
        var audit = AuditNotes()
    }

    private let values = NIOLockedValueBox(Values())
    private let judged = NIOLockedValueBox<(isCounted: Bool, owner: ClientIdentity?)>((false, nil))
    /// Counts the response's bytes until the kernel has taken the last of them.
    private let holds = NIOLockedValueBox<[AnswerHold]>([])

    let handling = Handling()

    /// Runs the closure as soon as the request has been handled.
    func whenHandled(_ body: @escaping @Sendable () -> Void) { handling.whenEnded(body) }

    /// Notes a file that was written or rejected.
    func noteWrite(_ write: AuditNotes.Write) { update { $0.audit.writes.append(write) } }

    var current: Values { values.withLockedValue { $0 } }

    func update(_ change: (inout Values) -> Void) {
        values.withLockedValue { change(&$0) }
    }

    /// The owner of the credential, once that has been judged.
    var owner: ClientIdentity? { judged.withLockedValue { $0.owner } }

    func note(owner: ClientIdentity?) {
        if let owner { judged.withLockedValue { $0.owner = owner } }
    }

    /// Whether limits have counted the request before. A policy may be asked about one request more than once.
    func countOnce() -> Bool {
        judged.withLockedValue { judged in
            defer { judged.isCounted = true }
            return !judged.isCounted
        }
    }

    /// Stores what counts the response's bytes, until the request has ended.
    func keep(_ hold: AnswerHold?) {
        if let hold { holds.withLockedValue { $0.append(hold) } }
    }

    var holdsAnswer: Bool { holds.withLockedValue { !$0.isEmpty } }

    /// The kernel has taken the last byte, or the connection has ended.
    func letGo() {
        // Released outside the lock.
        _ = holds.withLockedValue { holds in
            defer { holds = [] }
            return holds
        }
    }
}
