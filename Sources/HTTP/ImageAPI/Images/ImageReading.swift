import HTTPServer
import HTTPTypes
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TextCoding

/// GET and HEAD: originals, renditions, metadata, listings.
struct ImageReading: Sendable {
    let service: ImageService
    let configuration: ImagesConfiguration
    /// For the end of images.
    var now: WallClock = { Timestamp.now }

    /// One request for an image, parsed.
    struct Read: Sendable {
        var path: ImagePath
        var query: ImageQuery
        var grant: RequestGrant
        var conditions: Conditions
        var range: RangeRequest?
        /// What the responses at the URL depend on besides the URL.
        var variance: Variance
        var accept: Accept
        var isHead: Bool
        var now: Timestamp
        var requestID: String
        var client: ClientIdentity
        var notes: RequestNotes

        init(
            path: ImagePath, query: ImageQuery, variance: Variance, grant: RequestGrant, request: Request,
            context: APIContext
        ) {
            self.path = path
            self.query = query
            self.grant = grant
            now = .now
            conditions = Conditions(request.headers, now: now)
            isHead = request.method == .head
            // Range only has a meaning for GET (RFC 9110, section 14.2).
            range = isHead ? nil : RangeRequest(request.headers, now: now)
            self.variance = variance
            accept = Accept(request.headers)
            requestID = context.requestID
            client = context.client
            notes = context.notes
        }
    }

    /// How often a read may start, if the image is replaced during each one.
    private static let maximumAttempts = 4
    private static var replacedTooOften: Problem {
        Problem(.conflict, "The image is being replaced too often to be read.")
    }

    func image(_ read: Read) async throws(Problem) -> Response {
        var attempt = 1
        while true {
            do {
                if let rendition = read.query.rendition { return try await self.rendition(read, rendition) }
                return try await original(read)
            } catch .preconditionFailed where attempt < Self.maximumAttempts {
                // The resolved version no longer exists. The client's own conditions lead to a response, never to this
                // error.
                attempt += 1
            } catch .preconditionFailed {
                throw Self.replacedTooOften
            } catch {
                throw Problem(error)
            }
        }
    }

    // MARK: Originals

    private func original(_ read: Read) async throws(ServiceError) -> Response {
        if !read.isHead, read.range == nil, read.conditions.isEmpty, read.grant.lifetime == nil {
            let opened = try await service.open(read.path, expecting: read.query.version, for: read.client)
            read.notes.keep(opened.hold)
            let representation = representation(of: opened, read)
            return representation.whole(.streaming(opened.body, length: representation.length, notes: read.notes))
        }
        let resolved = try await service.locate(read.path, expecting: read.query.version)
        try judgeAge(resolved.image, read.grant)
        let representation = representation(of: resolved, read)
        if let answer = representation.judge(read) { return answer }
        if read.isHead { return representation.head() }
        let range = representation.range(read)
        let opened = try await service.open(resolved, range: range, for: read.client)
        try judgeAge(opened.resolved.image, read.grant)
        read.notes.keep(opened.hold)
        let answer = self.representation(of: opened, read)
        let body = ResponseBody.streaming(opened.body, length: Int64(opened.range.count), notes: read.notes)
        return range == nil ? answer.whole(body) : answer.part(opened.range, body)
    }

    private func representation(of opened: OpenedImage, _ read: Read) -> Representation {
        var resolved = opened.resolved
        resolved.freshness = resolved.freshness.answer(bytesInMemory: opened.isHit)
        // The store has just sent bytes of this version, so the response is new.
        if !opened.isHit { resolved.asked = nil }
        return representation(of: resolved, read)
    }

    private func representation(of resolved: ResolvedImage, _ read: Read) -> Representation {
        read.notes.update { $0.cache = resolved.freshness.label }
        var representation = representation(of: resolved, version: read.query.version, read.grant)
        representation.download = read.query.download.map { ($0, read.path) }
        return representation
    }

    /// The original, requested with this version in the URL.
    func representation(of resolved: ResolvedImage, version: String?, _ grant: RequestGrant) -> Representation {
        Representation(
            contentType: resolved.image.format.capabilities.mediaType, length: resolved.image.size,
            etag: resolved.image.etag, lastModified: resolved.image.object.lastModified,
            cacheControl: cacheControl(resolved.image, resolved.freshness, version: version, grant),
            cacheStatus: CacheStatus.text(resolved.freshness), isNegotiable: false,
            age: resolved.asked.map(AnswerAge.init), isForEverybody: grant.isForEverybody,
            variesByOrigin: !configuration.origins.isEmpty)
    }

    // MARK: Renditions

    private func rendition(_ read: Read, _ request: RenditionRequest) async throws(ServiceError) -> Response {
        // Only the file tells whether there is transparency or animation, on which the format depends.
        try await judgeAge(of: read.path, read.grant)
        let resolved = try await service.locateForRendition(read.path, expecting: read.query.version)
        try judgeAge(resolved.image, read.grant)
        let spec = request.spec(for: resolved.image, accept: read.accept, savesData: read.query.savesData)
        var representation = representation(
            of: resolved, as: spec.format, tag: service.renditionTag(resolved.image, spec), version: read.query.version,
            variance: read.variance, grant: read.grant)
        representation.download = read.query.download.map { ($0, read.path) }
        // A condition on the tag needs no pixels.
        if let answer = representation.judge(read) {
            read.notes.update { $0.cache = resolved.freshness.label }
            return answer
        }
        if read.isHead { return try head(representation, resolved, spec, read) }
        let rendered = try await service.render(resolved, spec, for: read.client)
        let freshness = resolved.freshness.answer(bytesInMemory: rendered.isHit)
        read.notes.update { $0.cache = freshness.label }
        // WebP may replace AVIF.
        representation.contentType = rendered.format.capabilities.mediaType
        representation.cacheStatus = CacheStatus.text(freshness)
        representation.length = Int64(rendered.size)
        var sent = 0..<representation.length
        let range = representation.range(read)
        if let range {
            guard let part = range.resolve(size: representation.length) else {
                throw .rangeNotSatisfiable(size: representation.length)
            }
            sent = part
        }
        read.notes.keep(rendered.hold)
        let body = ResponseBody.streaming(
            rendered.stream(Int(sent.lowerBound)..<Int(sent.upperBound)), length: Int64(sent.count),
            notes: read.notes)
        return range == nil ? representation.whole(body) : representation.part(sent, body)
    }

    /// HEAD renders nothing. If the rendition is in memory, its length is known. Otherwise the response has no length,
    /// which HTTP allows (RFC 9110, section 8.6). A rendition that cannot be made is rejected as for GET.
    private func head(
        _ representation: Representation, _ resolved: ResolvedImage, _ spec: RenditionSpec, _ read: Read
    ) throws(ServiceError) -> Response {
        var representation = representation
        let file = service.renditionName(resolved.image, spec).flatMap { service.inMemory($0) }
        let freshness = resolved.freshness.answer(bytesInMemory: file != nil)
        read.notes.update { $0.cache = freshness.label }
        representation.cacheStatus = CacheStatus.text(freshness)
        guard let file, let format = file.format else {
            let format = try service.formatOfRendition(resolved.image, spec)
            representation.contentType = format.capabilities.mediaType
            return representation.headWithoutLength()
        }
        representation.contentType = format.capabilities.mediaType
        representation.length = Int64(file.size)
        return representation.head()
    }

    /// A rendition whose bytes are not known yet. Its format and length must still be set.
    func representation(
        of resolved: ResolvedImage, as format: ImageFormat, tag: RenditionTag, version: String?, variance: Variance,
        grant: RequestGrant
    ) -> Representation {
        Representation(
            contentType: format.capabilities.mediaType, length: 0, etag: tag.etag, isWeak: !tag.isStrong,
            lastModified: resolved.image.object.lastModified,
            cacheControl: cacheControl(resolved.image, resolved.freshness, version: version, grant),
            cacheStatus: CacheStatus.text(resolved.freshness), isNegotiable: variance.isNegotiable,
            hints: variance.hints, age: resolved.asked.map(AnswerAge.init), isForEverybody: grant.isForEverybody,
            variesByOrigin: !configuration.origins.isEmpty)
    }

    // MARK: Caching

    private func cacheControl(_ image: StoredImage, _ freshness: Freshness, version: String?, _ grant: RequestGrant)
        -> String
    {
        let control = untilReplaced(image, freshness, version: version, grant)
        // No cache may use it after the end of the image.
        guard let end = grant.lifetime?.end(of: image.object) else { return control }
        return CacheControl(control).lasting(atMost: end - now().seconds).text
    }

    private func untilReplaced(_ image: StoredImage, _ freshness: Freshness, version: String?, _ grant: RequestGrant)
        -> String
    {
        if freshness == .stale { return grant.validatedCacheControl }
        guard let version else { return grant.cacheControl }
        return version == image.version ? grant.versionedCacheControl : grant.validatedCacheControl
    }

    /// Whether an image is still served under this grant.
    func isAlive(_ image: StoredImage, _ grant: RequestGrant) -> Bool {
        grant.lifetime.map { !$0.isOver(image.object, at: now()) } ?? true
    }

    /// For what would look into the file first: an image that is gone has no other errors.
    private func judgeAge(of path: ImagePath, _ grant: RequestGrant) async throws(ServiceError) {
        guard grant.lifetime != nil else { return }
        try judgeAge(try await service.locate(path).image, grant)
    }

    private func judgeAge(_ image: StoredImage, _ grant: RequestGrant) throws(ServiceError) {
        guard isAlive(image, grant) else { throw .notFound }
    }

    // MARK: Metadata and listings

    func metadata(
        _ path: ImagePath, _ wanted: MetadataQuery, _ request: Request, _ grant: RequestGrant,
        for client: ClientIdentity
    ) async throws(Problem) -> Response {
        let image: StoredImage
        var extras: ImageExtras?
        do {
            try await judgeAge(of: path, grant)
            if wanted.needsExtras {
                (image, extras) = try await service.describeWithExtras(path, for: client)
            } else {
                image = try await service.describe(path)
            }
            try judgeAge(image, grant)
        } catch .preconditionFailed {
            throw Self.replacedTooOften
        } catch {
            throw Problem(error)
        }
        switch Conditions(request.headers, now: .now).evaluate(
            etag: image.etag, lastModified: image.object.lastModified)
        {
        case .proceed, .partial:
            let documents = extras.map { ExtrasDocuments($0, wanted) }
            var response = Response.document(image, base: configuration.documentBase, extras: documents)
            // No shared cache may give it to another client.
            response.headers[.cacheControl] = wanted.location ? "private, no-store" : grant.validatedCacheControl
            return response
        case .notModified:
            var headers = HTTPFields()
            headers.describe(image)
            headers[.cacheControl] = grant.validatedCacheControl
            return Response(status: .notModified, headers: headers)
        case .preconditionFailed: throw Problem(ServiceError.preconditionFailed)
        }
    }

    /// A shorter page fits what the kernel takes at once, whatever the client does.
    private static let uncountedBytes = 8 << 10

    func list(_ query: Query, _ context: APIContext) async throws(Problem) -> Response {
        let request = try Problem.mapping { () throws(RequestError) in try ListRequest(query) }
        do {
            let base = configuration.documentBase
            let document = try await service.list(request, for: context.client) {
                JSON.encode(PageDocument($0, base: base))
            }
            var response = Response.json(document)
            if let bytes = response.body.length, bytes > Self.uncountedBytes {
                context.notes.keep(try await service.admitAnswer(bytes, for: context.client))
            }
            // It has no validator, so caches must not store it.
            response.headers[.cacheControl] = "no-store"
            return response
        } catch {
            throw Problem(error)
        }
    }
}

extension ImagesConfiguration {
    /// The start of `url` in documents.
    var documentBase: String { urlBase ?? "/api/v1/images" }
}

extension Response {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        json(JSON.encode(value), status: status)
    }

    /// - Parameter document: JSON.
    static func json(_ document: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-cache", .contentTypeOptions: "nosniff"],
            body: ResponseBody(document))
    }

    /// JSON that no cache may store.
    static func confidential(_ document: ByteBuffer) -> Response {
        var response = json(document)
        response.headers[.cacheControl] = "private, no-store"
        return response
    }

    /// The metadata of an image, under the image's own ETag.
    static func document(
        _ image: StoredImage, base: String, status: HTTPResponse.Status = .ok, cost: RotationCost? = nil,
        extras: ExtrasDocuments? = nil
    ) -> Response {
        var response = json(ImageDocument(image, base: base, cost: cost, extras: extras), status: status)
        response.headers.describe(image)
        return response
    }
}

extension HTTPFields {
    /// The fields that say which version of an image a response is about.
    fileprivate mutating func describe(_ image: StoredImage) {
        self[.eTag] = image.etag.text
        if let lastModified = image.object.lastModified {
            self[.lastModified] = LastModified.sent(lastModified, date: .now).httpDate
        }
    }
}
