import HTTPServer
import HTTPTypes
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TextCoding

/// What is sent for an image, original or rendition, and the possible responses about it.
struct Representation: Sendable {
    var contentType: String
    /// In bytes. Not used before the representation has been made.
    var length: Int64
    var etag: ETag
    /// Whether different bytes that look the same may have the same tag.
    var isWeak = false
    var lastModified: Timestamp?
    var cacheControl: String
    var cacheStatus: String
    /// Whether another Accept would lead to other bytes.
    var isNegotiable: Bool
    /// The hints that would lead to other bytes.
    var hints: ClientHints.Kinds = []
    /// The age of the response; nil if it was made for this request.
    var age: AnswerAge?
    /// Whether everybody gets this answer, or everybody with the same signed URL.
    var isForEverybody = false
    /// Whether the Origin of a request counts.
    var variesByOrigin = false
    /// Set if a browser is to save the answer, with the path of the image.
    var download: (wanted: Download, path: ImagePath)?

    /// The fields that 200, 206 and 304 have in common (RFC 9110, section 15.4.5).
    private var sharedHeaders: HTTPFields {
        var headers = HTTPFields()
        headers[.eTag] = isWeak ? "W/" + etag.text : etag.text
        let date = age?.date()
        if let lastModified {
            headers[.lastModified] = LastModified.sent(lastModified, date: date ?? .now).httpDate
        }
        headers[.cacheControl] = cacheControl
        headers[.cacheStatus] = cacheStatus
        if let age, let date {
            // In this order: httplint checks Date with the Age that it has read before.
            headers[.age] = String(age.seconds())
            headers[.date] = date.httpDate
        }
        if let vary { headers[.vary] = vary }
        if variesByOrigin { headers.varyByOrigin() }
        headers[.crossOriginResourcePolicy] = BrowserSafety.resourcePolicy(isOpenRead: isForEverybody)
        return headers
    }

    private var vary: String? { Variance(isNegotiable: isNegotiable, hints: hints).field }

    private func headers(length: Int64?) -> HTTPFields {
        var headers = sharedHeaders
        headers[.contentType] = contentType
        if let length { headers[.contentLength] = String(length) }
        headers[.acceptRanges] = isWeak ? "none" : "bytes"
        headers[.contentTypeOptions] = "nosniff"
        headers[.contentSecurityPolicy] = BrowserSafety.contentPolicy
        if let (wanted, path) = download {
            let format = ImageFormat.allCases.first { $0.capabilities.mediaType == contentType }
            headers[.contentDisposition] = wanted.disposition(of: path.key.bytes, as: format)
        }
        if let accepted = hints.accepted { headers[.acceptCH] = accepted }
        return headers
    }

    /// 304 or 412 if the request's conditions require it.
    func judge(_ read: ImageReading.Read) -> Response? {
        switch outcome(read) {
        case .proceed, .partial: return nil
        case .notModified: return notModified()
        case .preconditionFailed:
            let problem = Problem(.preconditionFailed, "The image is not in the state the request asks for.")
            read.notes.update { $0.problem = problem }
            var response = problem.response(requestID: read.requestID)
            if let vary { response.headers[.vary] = vary }
            return response
        }
    }

    /// The range to send; nil for the whole.
    func range(_ read: ImageReading.Read) -> ByteRange? {
        guard case .partial(let range) = outcome(read) else { return nil }
        return range
    }

    private func outcome(_ read: ImageReading.Read) -> Conditions.Outcome {
        read.conditions.evaluate(
            etag: etag, isWeak: isWeak, lastModified: lastModified, range: read.range, now: read.now)
    }

    func notModified() -> Response {
        Response(status: .notModified, headers: sharedHeaders)
    }

    func head() -> Response {
        Response(status: .ok, headers: headers(length: length))
    }

    /// The response to HEAD if the bytes have not been made, so that their length is unknown.
    func headWithoutLength() -> Response {
        Response(status: .ok, headers: headers(length: nil), body: ResponseBody(length: nil) { try await $0.finish() })
    }

    func whole(_ body: ResponseBody) -> Response {
        Response(status: .ok, headers: headers(length: length), body: body)
    }

    func part(_ range: Range<Int64>, _ body: ResponseBody) -> Response {
        var headers = headers(length: range.upperBound - range.lowerBound)
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
        return Response(status: .partialContent, headers: headers, body: body)
    }
}

extension ResponseBody {
    /// A body that is sent as it comes. If the store fails before its first byte, the error can still become the
    /// response. Later the connection is cut, so that no partial body looks complete.
    static func streaming(_ body: ObjectBody, length: Int64, notes: RequestNotes) -> ResponseBody {
        ResponseBody(length: Int(length)) { writer in
            var iterator = body.makeAsyncIterator()
            while true {
                let chunk: ByteBuffer?
                do {
                    chunk = try await iterator.next()
                } catch {
                    var problem = Problem(reading: error)
                    problem.headers.append(contentsOf: notes.current.crossOrigin)
                    notes.update { $0.problem = problem }
                    throw problem.forListener
                }
                guard let chunk else { break }
                try await writer.write(chunk)
            }
            try await writer.finish()
        }
    }
}

extension Problem {
    /// The error that broke off a body from the store.
    fileprivate init(reading error: any Error) {
        // The opened version no longer exists. That says nothing about the request's own conditions.
        if let error = error as? StorageError, error.code == .preconditionFailed {
            self.init(.conflict, "The image was replaced while it was read.")
        } else {
            self.init(thrown: error)
        }
    }
}
