import NIOCore
import TextCoding

/// Reads multipart/form-data (RFC 7578, on RFC 2046, section 5.1) as it arrives.
///
/// A pure state machine. ``feed(_:)`` gives it bytes. ``next()`` returns their events until it needs more. ``finish()``
/// tells it that the body has ended. The parts do not depend on how the bytes are split into chunks. Besides the
/// current chunk, it holds at most the headers of one part. A part's content is returned as slices.
///
/// It is strict wherever two readers could see two different forms: line breaks are CRLF, only white space may follow a
/// boundary on its line, and headers are UTF-8 without control characters.
struct MultipartFormParser {
    private enum State {
        case preamble
        /// After a boundary. Its line continues with "--" or white space and CRLF.
        case boundaryLine
        case headers(PartHeaders)
        case content
        case epilogue
        case failed(FormDataError)
    }

    private let limits: FormDataLimits
    private var state = State.preamble
    private var matcher: DelimiterMatcher
    private var input = ByteBuffer()
    private var line: [UInt8] = []
    /// Bytes of the current section: preamble, headers, a field's content, epilogue.
    private var sectionBytes = 0
    private var partCount = 0
    private var part: FormDataPart?

    /// - Parameter boundary: From ``FormBoundary/parse(contentType:)``.
    init(boundary: String, limits: FormDataLimits = FormDataLimits()) {
        self.limits = limits
        matcher = DelimiterMatcher(boundary: boundary)
        matcher.restartAtLineStart()
    }

    /// Gives the next bytes of the body. Call ``next()`` until it needs more before you feed again: a chunk that is fed
    /// while bytes are unread is copied together with them.
    mutating func feed(_ chunk: ByteBuffer) {
        if input.readableBytes == 0 {
            input = chunk
        } else {
            input.writeImmutableBuffer(chunk)
        }
    }

    /// - Returns: The next event. Nil if it needs more bytes, and always after `end`.
    /// - Throws: After an error, always the same error.
    mutating func next() throws(FormDataError) -> FormDataEvent? {
        do {
            while true {
                if let step = try step() {
                    return step
                }
                if input.readableBytes == 0 { return nil }
            }
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Tells it that the body has ended. Call it when ``next()`` needs more.
    ///
    /// - Throws: `truncated` if the closing boundary has not come.
    func finish() throws(FormDataError) {
        switch state {
        case .epilogue: return
        case .failed(let error): throw error
        case .preamble, .boundaryLine, .headers, .content: throw .truncated
        }
    }

    /// Reads one piece; nil if it gives no event.
    private mutating func step() throws(FormDataError) -> FormDataEvent? {
        switch state {
        case .failed(let error): throw error
        case .preamble: return try preamble()
        case .boundaryLine: return try boundaryLine()
        case .headers(let headers): return try headerLine(headers)
        case .content: return try content()
        case .epilogue: return try epilogue()
        }
    }

    private mutating func preamble() throws(FormDataError) -> FormDataEvent? {
        switch matcher.next(&input) {
        case .content(let bytes): try count(bytes.readableBytes, .preamble, limits.marginBytes)
        case .delimiter: begin(.boundaryLine)
        case .needsMore: break
        }
        return nil
    }

    private mutating func boundaryLine() throws(FormDataError) -> FormDataEvent? {
        // "--" closes the form at once: nothing needs to follow it.
        let dash = UInt8(ascii: "-")
        if line.isEmpty, input.getInteger(at: input.readerIndex) == dash {
            input.moveReaderIndex(forwardBy: 1)
            line = [dash]
        }
        if line == [dash] {
            guard let byte = input.readInteger(as: UInt8.self) else { return nil }
            guard byte == dash else { throw .malformed("a boundary is followed by other characters") }
            begin(.epilogue)
            return .end
        }
        guard let padding = try readLine(.headers, limits.headerBytes) else { return nil }
        guard padding.allSatisfy(\.isBlank) else {
            throw .malformed("a boundary is followed by other characters")
        }
        partCount += 1
        guard partCount <= limits.parts else { throw .tooManyParts(limit: limits.parts) }
        begin(.headers(PartHeaders()))
        return nil
    }

    private mutating func headerLine(_ headers: PartHeaders) throws(FormDataError) -> FormDataEvent? {
        guard let line = try readLine(.headers, limits.headerBytes) else { return nil }
        guard line.isEmpty else {
            var headers = headers
            try headers.add(line: line)
            state = .headers(headers)
            return nil
        }
        let part = try headers.part()
        self.part = part
        begin(.content)
        matcher.restartAtLineStart()
        return .partBegin(part)
    }

    private mutating func content() throws(FormDataError) -> FormDataEvent? {
        switch matcher.next(&input) {
        case .content(let bytes):
            if let part, !part.isFile {
                sectionBytes += bytes.readableBytes
                guard sectionBytes <= limits.fieldBytes else {
                    throw .fieldTooLong(name: part.name, limit: limits.fieldBytes)
                }
            }
            return .bytes(bytes)
        case .delimiter:
            part = nil
            begin(.boundaryLine)
            return .partEnd
        case .needsMore:
            return nil
        }
    }

    private mutating func epilogue() throws(FormDataError) -> FormDataEvent? {
        let bytes = input.readableBytes
        input.clear()
        try count(bytes, .epilogue, limits.marginBytes)
        return nil
    }

    private mutating func begin(_ next: State) {
        state = next
        sectionBytes = 0
        line.removeAll(keepingCapacity: true)
    }

    private mutating func count(
        _ bytes: Int, _ section: FormDataError.Section, _ limit: Int
    ) throws(FormDataError) {
        sectionBytes += bytes
        guard sectionBytes <= limit else { throw .tooLong(section, limit: limit) }
    }

    /// A line without its CRLF, or nil if it is not complete yet.
    private mutating func readLine(
        _ section: FormDataError.Section, _ limit: Int
    ) throws(FormDataError) -> [UInt8]? {
        let view = input.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: "\n"))
        let stretch = view[..<(end.map { view.index(after: $0) } ?? view.endIndex)]
        try count(stretch.count, section, limit)
        line.append(contentsOf: stretch)
        input.moveReaderIndex(forwardBy: stretch.count)
        guard end != nil else { return nil }
        guard line.suffix(2).elementsEqual("\r\n".utf8) else {
            throw .malformed("a line of a part's headers does not end with CRLF")
        }
        let whole = Array(line.dropLast(2))
        line.removeAll(keepingCapacity: true)
        return whole
    }
}
