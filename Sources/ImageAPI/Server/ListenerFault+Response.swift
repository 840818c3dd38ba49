import HTTPTypes
public import Hummingbird
import NIOCore

extension ListenerFault {
    /// The answer as a problem document (RFC 9457) with the code and the request's id.
    /// - Parameter requestID: The id under which the request is logged.
    /// - Returns: An answer that nobody may store.
    public func problemResponse(requestID: String) -> Response {
        // Every text here is our own, plain ASCII without quotes or backslashes, so that nothing needs escaping.
        let body = ByteBuffer(
            string: """
                {"type":"about:blank","title":"\(self.status.reasonPhrase)","status":\(self.status.code),\
                "code":"\(self.code)","detail":"\(self.detail)","requestId":"\(requestID)"}
                """
        )
        return Response(
            status: self.status,
            headers: [.contentType: "application/problem+json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body)
        )
    }
}
