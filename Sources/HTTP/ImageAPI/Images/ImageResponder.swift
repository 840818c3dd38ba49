public import HTTPServer
import HTTPTypes
import ImageRequests
public import ImageService
import NIOCore

/// Answers every request of the public listener: finds the route, judges access, and turns whatever goes wrong into a
/// problem.
public struct ImageResponder: Responder {
    private let configuration: ImagesConfiguration
    private let writes: WritePolicy
    private let reading: ImageReading
    private let writing: ImageWriting

    /// Answers requests with this service, by these settings.
    public init(service: ImageService, configuration: ImagesConfiguration) {
        self.configuration = configuration
        writes = WritePolicy(areUnrestricted: configuration.allowsAnonymousWrites)
        reading = ImageReading(service: service, configuration: configuration)
        writing = ImageWriting(service: service, configuration: configuration)
    }

    /// Answers one request. Every error is answered as a problem (RFC 9457).
    ///
    /// - Throws: only if the client has left; the connection is cut then.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        try await CodecDemand.$current.withValue(context.codecDemand) { try await answer(request, context) }
    }

    /// The error as a problem.
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
            // The connection is cut instead; what it stands in the log as goes by the notes.
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
        switch (route, request.method) {
        case (.image(let path), .put):
            try judgeWrite(request, context)
            return try await writing.put(path, request, for: context.requester)
        case (.image(let path), .delete):
            try judgeWrite(request, context)
            return try await writing.delete(path, request)
        case (.rotate(let path), _):
            try judgeWrite(request, context)
            return try await writing.rotate(path, query, request, for: context.requester)
        case (.collection, .post):
            try judgeWrite(request, context)
            return try await writing.form(request, context)
        // The route takes no other methods than those above, GET and HEAD.
        case (.image(let path), _):
            variance = Variance(of: query, configuration.renditions)
            let wanted = try Problem.mapping { [variance] () throws(RequestError) in
                try ImageQuery(query, request.headers, configuration.renditions, variance: variance)
            }
            return try await reading.image(
                ImageReading.Read(path: path, query: wanted, variance: variance, request: request, context: context))
        case (.metadata(let path), _):
            let wanted = try Problem.mapping { () throws(RequestError) in try MetadataQuery(query) }
            // Where a photo was taken is for those who may write.
            if wanted.location { try judgeWrite(request, context) }
            return try await reading.metadata(path, wanted, request, for: context.requester)
        case (.collection, _):
            return try await reading.list(query, context)
        }
    }

    private func judgeWrite(_ request: Request, _ context: APIContext) throws(Problem) {
        try writes.judge(request.headers, authority: request.head.authority, isLoopback: context.isLoopback)
    }
}

extension Route {
    /// For logs and metrics: one of a fixed set.
    func name(_ method: HTTPRequest.Method) -> String {
        switch self {
        case .image: method == .put ? "upload" : method == .delete ? "delete" : "image"
        case .rotate: "rotate"
        case .metadata: "metadata"
        case .collection: method == .post ? "form_upload" : "list"
        }
    }
}
