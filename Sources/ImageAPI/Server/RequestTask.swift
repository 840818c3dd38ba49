import Hummingbird
import Logging
import NIOHTTP1

/// What the task of one request does.
enum RequestTask {
    /// Asks the responder, and sends its answer; where it has none, one that says so; where that is too late, the
    /// connection is cut, so that no part is taken for the whole.
    static func run<Context: Sendable>(
        _ request: Request,
        context: Context,
        id: String,
        _ version: HTTPVersion,
        _ link: ExchangeLink<Context>,
        _ core: ListenerCore<Context>
    ) async {
        let sink = ResponseSink(link: link, method: request.method, version: version)
        do {
            try await sink.send(core.respond(request, context))
        } catch {
            Self.log(error, isCommitted: sink.isCommitted, id: id, core.logger)
            guard !sink.isCommitted, let fault = Self.fault(for: error) else { return sink.cut() }
            do {
                try await sink.send(core.hooks.makeFault(fault, id))
            } catch {
                sink.cut()
            }
        }
    }

    /// Errors of the client's making are told by `FinishedRequest`; these are ours.
    private static func log(_ error: any Error, isCommitted: Bool, id: String, _ logger: Logger) {
        let isOurs: Bool =
            switch error {
            case is RequestBodyError, is CancellationError: false
            case let error as ResponseWriteError: error != .clientLeft && error != .stalled
            default: true
            }
        guard isOurs else { return }
        let metadata: Logger.Metadata = ["requestId": "\(id)", "error": "\(error)"]
        if isCommitted {
            logger.warning("answer broken off", metadata: metadata)
        } else {
            logger.error("request failed without an answer", metadata: metadata)
        }
    }

    /// What to answer to an error; nil where there is nobody to answer.
    private static func fault(for error: any Error) -> ListenerFault? {
        switch error as? RequestBodyError {
        case .timedOut: .requestTimeout
        case .malformed: .malformedRequest(reason: "The body's transfer coding is broken.")
        case .clientLeft: nil
        case nil: .handlerFailed
        }
    }
}
