import Logging
import NIOHTTP1

/// What the task of one request does.
enum RequestTask {
    /// Asks the responder, and sends its response. If it has none, an error response is sent. If it is too late for
    /// that, the connection is cut, so that the client does not take a part for the whole.
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
            // If the client has left, there is nobody to answer.
            guard !sink.isCommitted, !Self.isOfClientThatLeft(error) else { return sink.cut() }
            do {
                try await sink.send(core.answerError(error, id))
            } catch {
                sink.cut()
            }
        }
    }

    private static func isOfClientThatLeft(_ error: any Error) -> Bool {
        switch error {
        case RequestBodyError.clientLeft: true
        // Work that was cancelled for another reason still gets a response.
        case is CancellationError: Task.isCancelled
        default: false
        }
    }

    /// `FinishedRequest` reports the client's errors. All others are the server's.
    private static func log(_ error: any Error, isCommitted: Bool, id: String, _ logger: Logger) {
        let isOurs: Bool =
            switch error {
            case is RequestBodyError, is CancellationError, is any NotedError: false
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
