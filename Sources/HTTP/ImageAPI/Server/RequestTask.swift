import Hummingbird
import Logging
import NIOHTTP1

/// What the task of one request does.
enum RequestTask {
    /// Asks the responder, and sends its answer; where it has none, one that says so; where that is too late, the
    /// connection is cut, so that no part is taken for the whole.
    static func run(
        _ request: Request,
        _ handling: RequestHandling,
        id: String,
        _ version: HTTPVersion,
        _ link: ExchangeLink,
        _ core: ListenerCore
    ) async {
        let sink = ResponseSink(link: link, method: request.method, version: version)
        do {
            try await sink.send(handling.respond(request))
        } catch {
            Self.log(error, isCommitted: sink.isCommitted, id: id, core.logger)
            let problem = Problem(thrown: error)
            // Where the client has left there is nobody to answer.
            guard !sink.isCommitted, !problem.isOfClientThatLeft else { return sink.cut() }
            do {
                try await sink.send(problem.response(requestID: id))
            } catch {
                sink.cut()
            }
        }
    }

    /// Errors of the client's making are told by `FinishedRequest`, and a problem stands in the request's notes; the
    /// others are ours.
    private static func log(_ error: any Error, isCommitted: Bool, id: String, _ logger: Logger) {
        let isOurs: Bool =
            switch error {
            case is RequestBodyError, is CancellationError, is Problem: false
            case let error as ResponseWriteError: error != .clientLeft && error != .stalled
            default: true
            }
        guard isOurs else { return }
        let metadata: Logger.Metadata = ["request.id": "\(id)", "error": "\(String(reflecting: error))"]
        if isCommitted {
            logger.warning("answer broken off", metadata: metadata)
        } else {
            logger.error("request failed without an answer", metadata: metadata)
        }
    }
}
