import AccessControl
public import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import TextCoding

/// Answers every request of the public listener. It finds the route, checks access, and turns every error into a
/// problem.
public struct ImageResponder: Responder {
    private let policy: any RequestPolicy
    private let reading: ImageReading
    private let writing: ImageWriting
    private let signing: URLSigning
    private let status: @Sendable () -> StatusDocument
    private let browsers: BrowserSafety

    init(
        service: ImageService, configuration: ImagesConfiguration, policy: any RequestPolicy,
        access: AccessControl? = nil, status: @escaping @Sendable () -> StatusDocument,
        now: @escaping WallClock = { Timestamp.now }
    ) {
        self.policy = policy
        self.status = status
        browsers = BrowserSafety(configuration)
        signing = URLSigning(service: service, access: access, base: configuration.documentBase)
        reading = ImageReading(service: service, configuration: configuration, now: now)
        writing = ImageWriting(service: service, configuration: configuration, now: now)
    }

    /// Answers one request. Every error is answered as a problem (RFC 9457).
    ///
    /// - Throws: Only if the client has left. Then the connection is cut.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        defer { context.notes.handling.end() }
        var response = try await CodecDemand.$current.withValue(context.codecDemand) {
            try await answer(request, context)
        }
        // A preflight has its own fields.
        if request.method == .options, response.status == .noContent { return response }
        browsers.finish(&response, to: request.headers, context.notes)
        return response
    }

    /// Turns the error into a problem.
    public func response(to error: any Error, requestID: String) -> Response {
        var response = Problem(thrown: error).response(requestID: requestID)
        browsers.finish(&response, to: nil, nil)
        return response
    }

    private func answer(_ request: Request, _ context: APIContext) async throws -> Response {
        let (path, rawQuery) = Route.split(target: request.head.path ?? "/")
        var variance = Variance()
        do throws(Problem) {
            if request.method == .options {
                context.notes.update { $0.route = "options" }
                return try browsers.options(path, request.headers)
            }
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
        let access = RequestAccess(policy: policy, request: request, query: query, context: context)
        switch (route, request.method) {
        case (.image(let path), .put):
            let grant = try await access.grant(.upload(path))
            return try await writing.put(path, request, grant, for: context.client, notes: context.notes)
        case (.image(let path), .delete):
            _ = try await access.grant(.delete(path))
            return try await writing.delete(path, request, notes: context.notes)
        case (.rotate(let path), _):
            let grant = try await access.grant(.rotate(path))
            return try await writing.rotate(path, query, request, grant, for: context.client, notes: context.notes)
        case (.collection, .post):
            let grant = try await access.grant(.uploadForm)
            return try await writing.form(
                request, grant, context,
                authorize: { action throws(Problem) in try await access.grant(action) },
                countFile: { policy.countFile(of: context.client) })
        // Of the methods that the route accepts, only GET and HEAD are left.
        case (.image(let path), _):
            let grant = try await access.grant(.read(path))
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
            let grant = try await access.grant(.describe(path, location: wanted.location))
            return try await reading.metadata(path, wanted, request, grant, for: context.client)
        case (.collection, _):
            let prefix = query.items.filter { $0.name == "prefix" }.map(\.value)
            // A repeated prefix is an error. It is judged as a listing of everything, so that the policy comes first.
            _ = try await access.grant(.list(prefix: prefix.count == 1 ? prefix[0] : []))
            return try await reading.list(query, context)
        case (.signedURLs, _):
            return try await signing.answer(request, access)
        case (.access, _):
            let decision = try await access.decision(.showAccess)
            return .confidential(JSON.encode(AccessDocument(decision.identity)))
        case (.status, _):
            _ = try await access.grant(.showStatus)
            return .confidential(JSON.encode(status()))
        }
    }
}

/// Asks the policy about one request, and notes who sent it.
struct RequestAccess: Sendable {
    let policy: any RequestPolicy
    let request: Request
    let query: Query
    let context: APIContext

    /// - Throws: ``Problem`` if the action is not permitted.
    func decision(_ action: RequestAction) async throws(Problem) -> AccessDecision {
        let origin = RequestOrigin(
            headers: request.headers, authority: request.head.authority, isLoopback: context.isLoopback,
            rawQuery: Route.split(target: request.head.path ?? "/").query, address: context.address,
            isCounted: context.notes.countOnce())
        context.notes.update { $0.audit.judge(action) }
        let decision: AccessDecision
        do {
            decision = try await policy.judge(action, by: origin, query)
        } catch {
            if let rejected = error.cause as? RejectedIdentity {
                context.notes.update { $0.audit.rejectedIdentity = rejected.text }
            }
            throw error
        }
        if let identity = decision.identity {
            context.notes.update { $0.identity = identity.text }
            context.notes.note(owner: ClientIdentity(identity))
        }
        if action.isRead, decision.grant.isForEverybody { context.notes.update { $0.isOpenRead = true } }
        return decision
    }

    /// - Throws: ``Problem`` if the action is not permitted.
    func grant(_ action: RequestAction) async throws(Problem) -> RequestGrant {
        try await decision(action).grant
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
        case .signedURLs: "signed_urls"
        case .access: "access"
        case .status: "status"
        }
    }
}
