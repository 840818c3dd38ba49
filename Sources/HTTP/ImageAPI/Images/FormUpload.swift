import HTTPServer
import HTTPTypes
import ImageService
import NIOCore
import ObjectStorage

/// One upload by form: fields first, then files, each stored as it comes. If the form as a whole is rejected, the files
/// that it stored are removed.
struct FormUpload {
    private let service: ImageService
    private let form: FormReader
    /// Applies to a file with a given path. A file with a generated name has no earlier version.
    private let condition: WriteCondition
    private var maximumBytes: Int64
    /// Of the place that the form has named.
    private var rules = UploadRules()
    private let client: ClientIdentity
    private let notes: RequestNotes
    /// Called before the first file, with the place that the form has named.
    private let authorize: @Sendable (RequestAction) async throws(Problem) -> RequestGrant
    /// Called before each file but the first, which is counted with the request.
    private let countFile: @Sendable () -> Void

    private enum Target {
        case prefix([UInt8])
        case path(ImagePath)
    }

    private enum Entry {
        case stored(UploadedImage)
        case rejected(Problem)
    }

    private var target = Target.prefix([])
    private var hasTarget = false
    private var isAuthorized = false
    private var entries: [Entry] = []

    init(
        service: ImageService, form: FormReader, condition: WriteCondition, maximumBytes: Int64,
        client: ClientIdentity, notes: RequestNotes,
        authorize: @escaping @Sendable (RequestAction) async throws(Problem) -> RequestGrant,
        countFile: @escaping @Sendable () -> Void
    ) {
        self.service = service
        self.form = form
        self.condition = condition
        self.maximumBytes = maximumBytes
        self.client = client
        self.notes = notes
        self.authorize = authorize
        self.countFile = countFile
    }

    /// Reads the whole form.
    mutating func run(base: String, requestID: String) async throws(Problem) -> Response {
        do {
            try await readParts()
        } catch {
            await takeBack()
            throw error
        }
        return try await answer(base: base, requestID: requestID)
    }

    private mutating func readParts() async throws(Problem) {
        while let event = try await form.next() {
            guard case .partBegin(let part) = event else { continue }
            if part.isFile {
                try await readFile(part)
            } else {
                try await readField(part)
            }
        }
        guard !entries.isEmpty else { throw Problem(.badBody, "The form has no file.") }
    }

    private mutating func readField(_ part: FormDataPart) async throws(Problem) {
        let value = try await form.fieldValue()
        guard part.name == "prefix" || part.name == "path" else { return }
        guard entries.isEmpty else {
            throw Problem(.badBody, "The field \(part.name) must stand before the files.")
        }
        guard !hasTarget else { throw Problem(.badBody, "The form names more than one prefix or path.") }
        hasTarget = true
        do {
            if part.name == "path" {
                target = .path(try ImagePath(value))
            } else if !value.isEmpty {
                let prefix = value.last == UInt8(ascii: "/") ? value : value + [UInt8(ascii: "/")]
                // A prefix is valid if a path under it is.
                _ = try ImagePath(prefix + [UInt8(ascii: "a")])
                target = .prefix(prefix)
            }
        } catch {
            throw Problem(.badPath, error.description)
        }
    }

    // MARK: Files

    private mutating func readFile(_ part: FormDataPart) async throws(Problem) {
        var body = FilePart(form: form)
        // A browser sends a file input without a chosen file as a file without a name and without bytes.
        if part.filename?.isEmpty == true, try await body.isEmpty() { return }
        if isAuthorized {
            countFile()
        } else {
            let grant =
                switch target {
                case .prefix(let prefix): try await authorize(.uploadInto(prefix: prefix))
                case .path(let path): try await authorize(.upload(path))
                }
            maximumBytes = grant.maximumUploadBytes
            rules = grant.uploads
            isAuthorized = true
        }
        do {
            switch target {
            case .prefix(let prefix):
                guard condition == .always else {
                    throw Problem(
                        .badRequest,
                        "A form takes If-Match and If-None-Match with the field path and one file only: under a made name "
                            + "there is no earlier version.")
                }
                store(
                    try await service.upload(intoPrefix: prefix, rules: rules, for: client) { try await body.next() })
            case .path(let path):
                guard entries.isEmpty else { throw Problem(.badBody, "A form with a path takes one file only.") }
                let form = form
                let uploaded = try await service.upload(to: path, condition: condition, rules: rules, for: client) {
                    if let bytes = try await body.next() { return bytes }
                    // Only a complete form without a second file may replace the image at its path.
                    while let event = try await form.next() {
                        if case .partBegin = event {
                            throw Problem(.badBody, "A form with a path takes one file, and nothing behind it.")
                        }
                    }
                    return nil
                }
                store(uploaded)
            }
        } catch let error as ServiceError {
            try await reject(error, &body)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.defect(error))
        }
    }

    private static let action = RequestAction.uploadForm.auditName

    private mutating func store(_ uploaded: UploadedImage) {
        entries.append(.stored(uploaded))
        notes.noteWrite(AuditNotes.Write(action: Self.action, uploaded))
    }

    /// Records why a file was rejected and skips the rest of it. If the form itself is invalid, throws.
    private mutating func reject(_ error: ServiceError, _ body: inout FilePart) async throws(Problem) {
        switch error {
        case .body, .cancelled, .badPath: throw Problem(error)
        default:
            let problem = Problem(error)
            entries.append(.rejected(problem))
            var path: String?
            if case .path(let named) = target { path = named.key.text }
            notes.noteWrite(AuditNotes.Write(action: Self.action, path: path, problem: problem.code))
        }
        var skipped: Int64 = 0
        while let bytes = try await body.next() {
            skipped += Int64(bytes.readableBytes)
            // An endless file would keep the connection forever.
            guard skipped <= maximumBytes else { throw Problem(ServiceError.tooLong(limit: maximumBytes)) }
        }
    }

    /// The bytes of one file in the form.
    private struct FilePart {
        let form: FormReader
        private var first: ByteBuffer?
        private var hasEnded = false

        init(form: FormReader) {
            self.form = form
        }

        mutating func isEmpty() async throws(Problem) -> Bool {
            first = try await next()
            return first == nil
        }

        mutating func next() async throws(Problem) -> ByteBuffer? {
            if let bytes = first {
                first = nil
                return bytes
            }
            guard !hasEnded, case .bytes(let bytes)? = try await form.next() else {
                hasEnded = true
                return nil
            }
            return bytes
        }
    }

    // MARK: The end

    /// Removes the files that this form has stored under generated names. No client knows these names yet.
    private func takeBack() async {
        guard case .prefix = target else { return }
        for case .stored(let uploaded) in entries {
            guard let path = try? ImagePath(uploaded.image.object.key.bytes) else { continue }
            // The client may have left, but the files must be removed anyway.
            let service = service
            let removed = await Task { try? await service.delete(path, condition: .always) }.value
            guard let removed else { continue }
            notes.noteWrite(AuditNotes.Write(action: "form_undo", path: path.key.text, before: removed))
        }
    }

    private func answer(base: String, requestID: String) async throws(Problem) -> Response {
        if entries.count == 1, case .rejected(let problem)? = entries.first { throw problem }
        let entries = entries
        // A form may have a thousand files. Encoding runs outside the event loop, so that its sockets do not wait.
        let document = await Task {
            JSON.encode(
                entries.map { entry in
                    switch entry {
                    case .stored(let uploaded): FormEntryDocument.image(ImageDocument(uploaded.image, base: base))
                    case .rejected(let problem): FormEntryDocument.problem(problem.document(requestID: requestID))
                    }
                })
        }.value
        let allStored = entries.allSatisfy { if case .stored = $0 { true } else { false } }
        return .json(
            document, status: allStored ? .created : HTTPResponse.Status(code: 207, reasonPhrase: "Multi-Status"))
    }
}

/// One file's entry in the response to a form.
private enum FormEntryDocument: Encodable {
    case image(ImageDocument)
    case problem(ProblemDocument)

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .image(let document): try document.encode(to: encoder)
        case .problem(let document): try document.encode(to: encoder)
        }
    }
}
