import HTTPTypes
import NIOHTTP1
import Testing

@testable import HTTPServer

@Suite struct ResponseFramingTests {
    private func decide(
        _ fields: HTTPFields = [:],
        status: HTTPResponse.Status = .ok,
        body: Int?,
        method: HTTPRequest.Method = .get,
        version: HTTPVersion = .http1_1
    ) -> (ResponseFraming?, HTTPFields) {
        var head = HTTPResponse(status: status, headerFields: fields)
        let framing = ResponseFraming.decide(head: &head, bodyLength: body, method: method, version: version)
        return (framing, head.headerFields)
    }

    @Test func aKnownLengthBecomesContentLength() {
        #expect(self.decide(body: 5) == (.length(5), [.contentLength: "5"]))
        #expect(self.decide(body: 0) == (.length(0), [.contentLength: "0"]))
        #expect(self.decide([.contentLength: "5"], body: nil) == (.length(5), [.contentLength: "5"]))
    }

    @Test func anUnknownLengthIsChunkedOrEndsWithTheConnection() {
        #expect(self.decide(body: nil) == (.chunked, [.transferEncoding: "chunked"]))
        #expect(self.decide(body: nil, version: .http1_0) == (.untilClose, [:]))
    }

    @Test func transferEncodingOfAHandlerIsIgnored() {
        #expect(self.decide([.transferEncoding: "gzip"], body: 5) == (.length(5), [.contentLength: "5"]))
    }

    @Test(arguments: ["x", "-1", "6", ""]) func aContentLengthThatContradictsTheBodyIsAnError(length: String) {
        #expect(self.decide([.contentLength: length], body: 5).0 == nil)
    }

    @Test func aResponseToHeadKeepsItsContentLength() {
        #expect(
            self.decide([.contentLength: "7"], body: 0, method: .head) == (ResponseFraming.none, [.contentLength: "7"]))
        #expect(self.decide(body: nil, method: .head) == (ResponseFraming.none, [:]))
    }

    @Test func answersWithoutABodyHaveNoLength() {
        #expect(self.decide([.contentLength: "0"], status: .noContent, body: 0) == (ResponseFraming.none, [:]))
        #expect(self.decide(status: .notModified, body: 0) == (ResponseFraming.none, [:]))
        // A 304 may have the length of the response that it stands for.
        let fields: HTTPFields = [.contentLength: "7"]
        #expect(self.decide(fields, status: .notModified, body: 0) == (ResponseFraming.none, fields))
    }

    @Test func theLengthIsCheckedToTheByte() throws {
        var meter = ResponseMeter(framing: .length(10))
        try meter.accept(9)
        #expect(!meter.isComplete)
        #expect(throws: ResponseWriteError.tooFewBytes) { try meter.finish() }
        #expect(throws: ResponseWriteError.tooManyBytes) { try meter.accept(2) }
        try meter.accept(1)
        #expect(meter.isComplete)
        try meter.finish()
        #expect(throws: ResponseWriteError.tooManyBytes) { try meter.accept(1) }
    }

    @Test func withoutContentLengthNothingIsChecked() throws {
        var meter = ResponseMeter(framing: .chunked)
        try meter.accept(1_000_000)
        #expect(!meter.isComplete)
        try meter.finish()
    }
}
