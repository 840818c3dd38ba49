import HTTPTypes
import NIOCore

/// Writes an answer's head as bytes, straight from HTTPTypes: NIO's own encoder would want it copied into another type
/// first, and knows neither HEAD nor when a connection ends.
///
/// HTTPTypes lets no line break into a name, a value or a reason, so nothing a handler sets can forge a head.
enum ResponseHeadEncoder {
    /// What the connection adds to a handler's head.
    struct Additions {
        /// The Connection field to send; nil: none, which is keep-alive in HTTP/1.1.
        var connection: StaticString?
        /// The Date field, for heads that have none.
        var date: String
        /// The request's id, so that a client can name the line of the log.
        var requestID: String
    }

    /// Writes status line, fields and the empty line.
    static func encode(_ head: HTTPResponse, additions: Additions, into buffer: inout ByteBuffer) {
        let hasDate = Self.encodeBeginning(of: head, into: &buffer)
        if !hasDate {
            buffer.writeStaticString("Date: ")
            buffer.writeString(additions.date)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("X-Request-Id: ")
        buffer.writeString(additions.requestID)
        buffer.writeStaticString("\r\n")
        if let connection = additions.connection {
            buffer.writeStaticString("Connection: ")
            buffer.writeStaticString(connection)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// Writes what a handler has set: status line and fields.
    /// - Returns: Whether the Date is among them.
    static func encodeBeginning(of head: HTTPResponse, into buffer: inout ByteBuffer) -> Bool {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(head.status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(head.status.reasonPhrase)
        buffer.writeStaticString("\r\n")
        var hasDate = false
        for field in head.headerFields {
            // The Connection field belongs to the connection, which has already heeded the handler's.
            if field.name == .connection { continue }
            if field.name == .date { hasDate = true }
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            field.withUnsafeBytesOfValue { _ = buffer.writeBytes($0) }
            buffer.writeStaticString("\r\n")
        }
        return hasDate
    }

    /// Ends a head that has a Date, on a connection that is kept, in HTTP/1.1.
    static func encodeEnd(requestID: RequestID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("X-Request-Id: ")
        requestID.write(into: &buffer)
        buffer.writeStaticString("\r\n\r\n")
    }
}
