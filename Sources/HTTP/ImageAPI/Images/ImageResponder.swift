public import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import NIOCore

/// Answers every request of the public listener. It finds the route, checks access, and turns every error into a
/// problem.
public struct ImageResponder: Responder {
    private let policy: any RequestPolicy
    private let reading: ImageReading
    private let writing: ImageWriting

    init(service: ImageService, configuration: ImagesConfiguration, policy: any RequestPolicy) {
        self.policy = policy
        reading = ImageReading(service: service, configuration: configuration)
        writing = ImageWriting(service: service, configuration: configuration)
    }

    /// Answers one request. Every error is answered as a problem (RFC 9457).
    ///
    /// - Throws: Only if the client has left. Then the connection is cut.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        try await CodecDemand.$current.withValue(context.codecDemand) { try await answer(request, context) }
    }

    /// Turns the error into a problem.
    public func response(to error: any Error, requestID: String) -> Response {
        Problem(thrown: error).response(requestID: requestID)
    }

    private func answer(_ request: Request, _ context: APIContext) async throws -> Response {
        let (path, rawQuery) = Route.split(target: request.head.path ?? "/")
        var variance = Variance()
        do throws(Problem) {
            let route = try Route(method: request.method, path: path)
            context.notes.update { $0.route = route.name(request.method) }
            let query = try Problem.mapping { () throws(RequestError) in try Query(rawQuery) }
            return try await answer(request, route, query, context, &variance)
        } catch {
            // The connection is cut instead. The log takes the problem from the notes.
            if error.isOfClientThatLeft {
                context.notes.update { $0.problem = error }
                throw error.forListener
            }
            let problem = error.forClient
            context.notes.update { $0.problem = problem }
            var response = problem.response(requestID: context.requestID)
            if let field = variance.field { response.headers[.vary] = field }
            return response
        }
    }

    private func answer(
        _ request: Request, _ route: Route, _ query: Query, _ context: APIContext, _ variance: inout Variance
    ) async throws(Problem) -> Response {
        let origin = RequestOrigin(
            headers: request.headers, authority: request.head.authority, isLoopback: context.isLoopback)
        func grant(_ action: RequestAction) async throws(Problem) -> RequestGrant {
            try await policy.judge(action, by: origin, query)
        }
        switch (route, request.method) {
        case (.image(let path), .put):
            return try await writing.put(path, request, try await grant(.upload(path)), for: context.client)
        case (.image(let path), .delete):
            _ = try await grant(.delete(path))
            return try await writing.delete(path, request)
        case (.rotate(let path), _):
            _ = try await grant(.rotate(path))
            return try await writing.rotate(path, query, request, for: context.client)
        case (.collection, .post):
            return try await writing.form(request, try await grant(.uploadForm), context)
        // Of the methods that the route accepts, only GET and HEAD are left.
        case (.image(let path), _):
            let grant = try await grant(.read(path))
            let answers = Variance(of: query, grant.renditions)
            variance = answers
            let wanted = try Problem.mapping { () throws(RequestError) in
                try ImageQuery(query, request.headers, grant.renditions, variance: answers)
            }
            return try await reading.image(
                ImageReading.Read(
                    path: path, query: wanted, variance: answers, grant: grant, request: request, context: context))
        case (.metadata(let path), _):
            let wanted = try Problem.mapping { () throws(RequestError) in try MetadataQuery(query) }
            _ = try await grant(.describe(path, location: wanted.location))
            return try await reading.metadata(path, wanted, request, for: context.client)
        case (.collection, _):
            _ = try await grant(.list)
            return try await reading.list(query, context)
        }
    }
}

extension Route {
    /// For logs and metrics: a name from a fixed set.
    func name(_ method: HTTPRequest.Method) -> String {
        switch self {
        case .image: method == .put ? "upload" : method == .delete ? "delete" : "image"
        case .rotate: "rotate"
        case .metadata: "metadata"
        case .collection: method == .post ? "form_upload" : "list"
        }
    }
}
