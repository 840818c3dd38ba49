import NIOCore

/// The form parser on arbitrary bytes.
public enum FormFuzzing {
    /// The result of reading a form.
    private struct Outcome: Hashable {
        var parts: [FormDataPart] = []
        var contents: [[UInt8]] = []
        var isEnded = false
        var error: FormDataError?
    }

    /// Small limits, so that inputs reach them.
    private static let limits = {
        var limits = FormDataLimits()
        limits.parts = 8
        limits.headerBytes = 256
        limits.fieldBytes = 128
        limits.marginBytes = 128
        return limits
    }()

    /// Reads a form whole and in pieces. Ends the process if the two results differ, or if a limit is exceeded.
    ///
    /// - Parameter bytes: the first byte tells how to split the body. The rest is a Content-Type up to the first zero,
    ///   and the body after it.
    public static func run(_ bytes: [UInt8]) {
        guard let step = bytes.first else { return }
        let halves = bytes.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let type = String(decoding: halves[0], as: UTF8.self)
        let boundary: String
        do throws(FormDataError) {
            boundary = try FormBoundary.parse(contentType: type)
        } catch {
            precondition(error == .notFormData || error == .badBoundary, "an error of the body for a Content-Type")
            return
        }
        precondition(FormBoundary.isValid(boundary))
        guard halves.count == 2 else { return }
        let body = Array(halves[1])
        let whole = read(body, boundary: boundary, step: body.count)
        let pieces = read(body, boundary: boundary, step: Int(step % 16) + 1)
        precondition(whole == pieces, "a form that depends on how its bytes are split")
        precondition(whole.parts.count <= limits.parts)
        for (part, content) in zip(whole.parts, whole.contents) where !part.isFile {
            precondition(whole.error != nil || content.count <= limits.fieldBytes)
        }
    }

    /// Reads the body in pieces of `step` bytes.
    private static func read(_ body: [UInt8], boundary: String, step: Int) -> Outcome {
        var parser = MultipartFormParser(boundary: boundary, limits: limits)
        var outcome = Outcome()
        do throws(FormDataError) {
            var at = 0
            while at < body.count {
                let end = min(body.count, at + max(1, step))
                parser.feed(ByteBuffer(bytes: body[at..<end]))
                at = end
                while let event = try parser.next() { take(event, &outcome) }
            }
            try parser.finish()
            precondition(outcome.isEnded, "a complete form without its end")
        } catch {
            outcome.error = error
            // How much of a part was passed on before its error depends on the chunks.
            outcome.contents = []
        }
        return outcome
    }

    /// Adds an event to the outcome, and checks the order of the events.
    private static func take(_ event: FormDataEvent, _ outcome: inout Outcome) {
        precondition(!outcome.isEnded, "an event after the end")
        switch event {
        case .partBegin(let part):
            outcome.parts.append(part)
            outcome.contents.append([])
        case .bytes(let bytes):
            precondition(bytes.readableBytes > 0 && !outcome.contents.isEmpty)
            outcome.contents[outcome.contents.count - 1] += Array(bytes.readableBytesView)
        case .partEnd: break
        case .end: outcome.isEnded = true
        }
    }

    /// Forms from browsers and from curl, and some invalid ones.
    public static let seeds: [[UInt8]] = {
        let types = [
            "multipart/form-data; boundary=b", "Multipart/Form-Data; charset=utf-8; boundary=\"a b'()+_,-./:=?\"",
            "multipart/form-data; boundary=----WebKitFormBoundaryABC", "multipart/mixed; boundary=b",
        ]
        let boundaries = ["b", "a b'()+_,-./:=?", "----WebKitFormBoundaryABC", "b"]
        let headers = [
            "Content-Disposition: form-data; name=\"prefix\"",
            "Content-Disposition: form-data; name=\"f\"; filename=\"a%22b\\\"c.png\"\r\nContent-Type: image/png",
            "content-disposition:form-data;name=f;filename=x;filename*=UTF-8''x\r\nContent-Transfer-Encoding: binary",
            "Content-Disposition: form-data; name=\"f\"; name=\"g\"",
        ]
        return zip(types, boundaries).enumerated().flatMap { index, pair in
            (1...headers.count).map { count in
                var body = index % 2 == 0 ? "" : "preamble\r\n"
                for header in headers.prefix(count) {
                    body += "--\(pair.1)\r\n\(header)\r\n\r\nab\r\n--\(pair.1.dropLast())\r\ncd\r\n"
                }
                body += "--\(pair.1)--\r\nepilogue"
                return [UInt8(index * 3)] + Array(pair.0.utf8) + [0] + Array(body.utf8)
            }
        }
    }()
}
