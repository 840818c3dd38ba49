import HTTPServer
import HTTPTypes
import ImageCodecs
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TextCoding

/// PUT, DELETE and rotate.
struct ImageWriting: Sendable {
    let service: ImageService
    let configuration: ImagesConfiguration
    /// For the end of images.
    var now: WallClock = { Timestamp.now }

    // MARK: Upload

    func put(
        _ path: ImagePath, _ request: Request, _ grant: RequestGrant, for client: ClientIdentity, notes: RequestNotes
    ) async throws(Problem) -> Response {
        try judgeDeclaredLength(request, grant)
        guard request.headers[.contentRange] == nil else {
            // RFC 9110, section 14.5: if a part were stored as the whole, the image would be lost.
            throw Problem(.badRequest, "A PUT with Content-Range is not taken: send the whole image.")
        }
        let condition = try writeCondition(request, createOnly: true)
        var iterator = request.body.makeAsyncIterator()
        let uploaded: UploadedImage
        do {
            uploaded = try await service.upload(
                to: path, condition: condition, declared: request.headers[.contentLength].flatMap { Int64($0) },
                rules: grant.uploads, for: client
            ) { try await iterator.next() }
        } catch {
            throw Problem(error)
        }
        notes.noteWrite(AuditNotes.Write(action: "upload", uploaded))
        return document(uploaded.image, status: uploaded.isNew ? .created : .ok)
    }

    // MARK: Form

    func form(
        _ request: Request, _ grant: RequestGrant, _ context: APIContext,
        authorize: @escaping @Sendable (RequestAction) async throws(Problem) -> RequestGrant,
        countFile: @escaping @Sendable () -> Void
    ) async throws(Problem) -> Response {
        let condition = try writeCondition(request, createOnly: true)
        var upload = FormUpload(
            service: service, form: try FormReader(request), condition: condition,
            maximumBytes: grant.maximumUploadBytes, client: context.client, notes: context.notes, authorize: authorize,
            countFile: countFile)
        return try await upload.run(base: configuration.documentBase, requestID: context.requestID)
    }

    /// Rejects a body whose declared length is too long, before the client sends it.
    private func judgeDeclaredLength(_ request: Request, _ grant: RequestGrant) throws(Problem) {
        guard let text = request.headers[.contentLength], let length = Int64(text) else { return }
        if length > grant.maximumUploadBytes {
            throw Problem(ServiceError.tooLong(limit: grant.maximumUploadBytes))
        }
    }

    // MARK: Delete

    func delete(_ path: ImagePath, _ request: Request, notes: RequestNotes) async throws(Problem) -> Response {
        let condition = try writeCondition(request, createOnly: false)
        do {
            let version = try await service.delete(path, condition: condition)
            notes.noteWrite(AuditNotes.Write(action: "delete", path: path.key.text, before: version))
        } catch {
            throw Problem(error)
        }
        return Response(status: .noContent)
    }

    // MARK: Rotate

    func rotate(
        _ path: ImagePath, _ query: Query, _ request: Request, _ grant: RequestGrant, for client: ClientIdentity,
        notes: RequestNotes
    ) async throws(Problem) -> Response {
        let change = try await RotationChange(query, request)
        let condition = try writeCondition(request, createOnly: false)
        do {
            let rotated = try await service.rotate(
                path, by: change, condition: condition, aliveAt: grant.lifetime.map { ($0, now()) }, for: client)
            notes.noteWrite(
                AuditNotes.Write(
                    action: "rotate", path: path.key.text, before: rotated.previousVersion,
                    after: rotated.image.version))
            let cost = RotationCost(isLossless: rotated.isLossless, effects: rotated.effects.names)
            return document(rotated.image, status: .ok, cost: cost)
        } catch {
            throw Problem(error)
        }
    }

    // MARK: Common

    /// If-Match and If-None-Match of a write. Weak tags never match (RFC 9110, section 13.1.1).
    private func writeCondition(_ request: Request, createOnly: Bool) throws(Problem) -> WriteCondition {
        let conditions = Conditions(request.headers, now: .now)
        if conditions.ifNoneMatch != nil {
            guard createOnly, conditions.ifNoneMatch == .any, conditions.ifMatch == nil else {
                throw Problem(
                    .badRequest, "The only If-None-Match that a write takes is *, on uploads, without If-Match.")
            }
            return .createOnly
        }
        if conditions.ifUnmodifiedSince != nil, conditions.ifMatch == nil {
            throw Problem(
                .badRequest, "A write takes If-Match, not If-Unmodified-Since: a date does not name a version.")
        }
        switch conditions.ifMatch {
        case nil: return .always
        case .any: return .exists
        case .tags(let tags): return .matches(tags.filter { !$0.isWeak }.compactMap { ETag(header: $0.text) })
        }
    }

    private func document(_ image: StoredImage, status: HTTPResponse.Status, cost: RotationCost? = nil) -> Response {
        var response = Response.document(
            image, base: configuration.documentBase, status: status, cost: cost)
        if status == .created {
            response.headers[.location] =
                "/api/v1/images/" + PercentEncoding.encode(image.object.key.bytes, keepingSlashes: true)
        }
        return response
    }
}

extension AuditNotes.Write {
    /// A file that was stored.
    init(action: String, _ uploaded: UploadedImage) {
        self.init(
            action: action, path: uploaded.image.object.key.text, before: uploaded.previousVersion,
            after: uploaded.image.version)
    }
}
