import NIOCore
import TextCoding

/// Reads multipart/form-data (RFC 7578, on RFC 2046, section 5.1) as it arrives.
///
/// A pure state machine: ``feed(_:)`` gives it bytes, ``next()`` says what they mean until it needs more, ``finish()``
/// tells it that the body has ended. However the bytes are cut into chunks, the parts are the same. It holds at most
/// the headers of one part beside the chunk it was fed; a part's content is handed on as slices.
///
/// Strict where leniency would let two readers see two forms: line breaks are CRLF, nothing but white space follows a
/// boundary on its line, headers are UTF-8 without control characters.
struct MultipartFormParser {
    private enum State {
        case preamble
        /// Behind a boundary: its line goes on with "--" or white space and CRLF.
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
    /// Bytes of the section that is being read: preamble, headers, a field's content, epilogue.
    private var sectionBytes = 0
    private var partCount = 0
    private var part: FormDataPart?

    /// - Parameter boundary: from ``FormBoundary/parse(contentType:)``.
    init(boundary: String, limits: FormDataLimits = FormDataLimits()) {
        self.limits = limits
        matcher = DelimiterMatcher(boundary: boundary)
        matcher.restartAtLineStart()
    }

    /// Gives the next bytes of the body. Ask ``next()`` until it needs more before the next ones: chunks that are fed
    /// on top of unread ones are copied together.
    mutating func feed(_ chunk: ByteBuffer) {
        if input.readableBytes == 0 {
            input = chunk
        } else {
            input.writeImmutableBuffer(chunk)
        }
    }

    /// - Returns: the next event, or nil where more bytes are needed for it, and always behind `end`.
    /// - Throws: the same error again once it has thrown one.
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

    /// Says that the body has ended. To be called when ``next()`` needs more.
    ///
    /// - Throws: `truncated` where the closing boundary has not come.
    func finish() throws(FormDataError) {
        switch state {
        case .epilogue: return
        case .failed(let error): throw error
        case .preamble, .boundaryLine, .headers, .content: throw .truncated
        }
    }

    /// Reads one stretch; nil where it says nothing.
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
        // "--" closes as soon as it is there: nothing has to follow it.
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

    /// A line without its CRLF, or nil where it is not whole yet.
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
