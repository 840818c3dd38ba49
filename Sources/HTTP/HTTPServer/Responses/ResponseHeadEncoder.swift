import HTTPTypes
import NIOCore

/// Encodes a response's head directly from HTTPTypes. NIO's own encoder needs a copy in another type first, and knows
/// neither HEAD nor when a connection ends.
///
/// HTTPTypes allows no line break in a name, a value or a reason, so nothing that a handler sets can forge a head.
enum ResponseHeadEncoder {
    /// What the connection adds to a handler's head.
    struct Additions {
        /// The Connection field to send; nil: none, which is keep-alive in HTTP/1.1.
        var connection: StaticString?
        /// The Date field, for heads that have none.
        var date: String
        /// The request's id, by which a client can refer to the log line.
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

    /// Writes the handler's part: status line and fields.
    /// - Returns: Whether the Date is among them.
    static func encodeBeginning(of head: HTTPResponse, into buffer: inout ByteBuffer) -> Bool {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(head.status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(head.status.reasonPhrase)
        buffer.writeStaticString("\r\n")
        Self.encode(head.headerFields, into: &buffer)
        return head.headerFields[.date] != nil
    }

    /// Writes fields.
    static func encode(_ fields: HTTPFields, into buffer: inout ByteBuffer) {
        for field in fields {
            // The connection sets the Connection field. It has already applied the handler's.
            if field.name == .connection { continue }
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            field.withUnsafeBytesOfValue { _ = buffer.writeBytes($0) }
            buffer.writeStaticString("\r\n")
        }
    }

    /// Ends an HTTP/1.1 head that has a Date, on a connection that stays open.
    static func encodeEnd(requestID: RequestID, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("X-Request-Id: ")
        requestID.write(into: &buffer)
        buffer.writeStaticString("\r\n\r\n")
    }
}
