import HTTPTypes
import Hummingbird
import ImageService
import NIOCore
import ObjectStorage

/// What is sent for an image, original or rendition, and the answers that can be given about it.
struct Representation: Sendable {
    var contentType: String
    /// In bytes; not looked at before the representation has been made.
    var length: Int64
    var etag: ETag
    var lastModified: Timestamp?
    var cacheControl: String
    var cacheStatus: String
    /// Whether another Accept would have got other bytes.
    var isNegotiable: Bool

    /// The fields that 200, 206 and 304 have in common (RFC 9110, section 15.4.5).
    private var sharedHeaders: HTTPFields {
        var headers = HTTPFields()
        headers[.eTag] = etag.text
        if let lastModified { headers[.lastModified] = lastModified.httpDate }
        headers[.cacheControl] = cacheControl
        headers[.cacheStatus] = cacheStatus
        if isNegotiable { headers[.vary] = "Accept" }
        return headers
    }

    private func headers(length: Int64) -> HTTPFields {
        var headers = sharedHeaders
        headers[.contentType] = contentType
        headers[.contentLength] = String(length)
        headers[.acceptRanges] = "bytes"
        headers[.contentTypeOptions] = "nosniff"
        return headers
    }

    /// 304 or 412 where the request's conditions say so.
    func judge(_ read: ImageReading.Read) -> Response? {
        switch read.conditions.evaluate(etag: etag, lastModified: lastModified) {
        case .proceed: return nil
        case .notModified: return Response(status: .notModified, headers: sharedHeaders)
        case .preconditionFailed:
            let problem = Problem(.preconditionFailed, "The image is not in the state the request asks for.")
            read.notes.update { $0.problem = problem }
            var response = problem.response(requestID: read.requestID)
            if isNegotiable { response.headers[.vary] = "Accept" }
            return response
        }
    }

    /// The range to be sent; nil where it is the whole.
    func range(_ read: ImageReading.Read) -> ByteRange? {
        guard let request = read.range, request.applies(to: etag, lastModified: lastModified, now: read.now) else {
            return nil
        }
        return request.range
    }

    func head() -> Response {
        Response(status: .ok, headers: headers(length: length))
    }

    func whole(_ body: ObjectBody) -> Response {
        Response(status: .ok, headers: headers(length: length), body: .streaming(body, length: length))
    }

    func part(_ range: Range<Int64>, _ body: ObjectBody) -> Response {
        let count = range.upperBound - range.lowerBound
        var headers = headers(length: count)
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
        return Response(status: .partialContent, headers: headers, body: .streaming(body, length: count))
    }

    func whole(_ bytes: ByteBuffer) -> Response {
        Response(status: .ok, headers: headers(length: length), body: ResponseBody(byteBuffer: bytes))
    }

    func part(_ range: Range<Int64>, _ bytes: ByteBuffer) -> Response {
        var response = part(range, ObjectBody(ByteBuffer()))
        response.body = ResponseBody(byteBuffer: bytes)
        return response
    }
}

extension ResponseBody {
    /// A body that is sent as it comes. Where it throws, the connection is cut: it never ends as if it were whole.
    static func streaming(_ body: ObjectBody, length: Int64) -> ResponseBody {
        ResponseBody(contentLength: Int(length)) { writer in
            for try await chunk in body { try await writer.write(chunk) }
            try await writer.finish(nil)
        }
    }
}
