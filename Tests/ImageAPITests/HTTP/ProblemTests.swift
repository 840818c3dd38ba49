import HTTPServer
import HTTPTypes
import ImageCodecs
import ImageService
import ObjectStorage
import Testing
import TextCoding

@testable import ImageAPI

@Suite("Problems")
struct ProblemTests {
    @Test(
        "Errors of the store get the status of the contract",
        arguments: [
            (StorageError.Code.notFound, 404), (.preconditionFailed, 412), (.conflict, 409),
            (.rangeNotSatisfiable, 416),
            (.invalidKey, 400), (.full, 507), (.denied, 502), (.unavailable, 503), (.timedOut, 504), (.badAnswer, 502),
            (.unsupported, 501), (.cancelled, 499), (.archived, 409), (.overloaded, 503),
        ])
    func storage(_ code: StorageError.Code, _ status: Int) {
        let error = StorageError(code, during: .get, detail: "/srv/data/secret.jpg", objectSize: 10)
        for problem in [Problem(error), Problem(thrown: error), Problem(ServiceError(error))] {
            #expect(problem.code.status.code == status)
            #expect((problem.headers[.retryAfter] != nil) == [503, 504].contains(status))
            #expect((problem.headers[.contentRange] == "bytes */10") == (status == 416))
            #expect(!problem.detail.contains("secret"))
        }
    }

    @Test(
        "Rejections by the listener become problems of the contract",
        arguments: [
            (ListenerError.malformedRequest(reason: "No HTTP."), ProblemCode.badRequest, 400, "No HTTP."),
            (.targetTooLong(limit: 7), .uriTooLong, 414, "7 bytes"),
            (.headTooLarge, .headersTooLarge, 431, "too large"),
            (.requestTimeout, .clientTooSlow, 408, "too long"),
            (.unknownExpectation, .expectationFailed, 417, "100-continue"),
            (.unsupportedVersion, .httpVersionNotSupported, 505, "HTTP/1.1"),
        ])
    func listener(_ error: ListenerError, _ code: ProblemCode, _ status: Int, _ text: String) {
        let problem = Problem(thrown: error)
        #expect(problem.code == code && problem.detail.contains(text))
        let response = problem.response(requestID: "1")
        #expect(response.status.code == status)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(problem.document(requestID: "1").code == code.rawValue)
    }

    @Test(
        "A body that breaks off becomes a problem of the contract",
        arguments: [
            (RequestBodyError.timedOut, ProblemCode.clientTooSlow, "for too long"),
            (.tooSlow(bytesPerSecond: 9), .clientTooSlow, "slower than 9 bytes a second"),
            (.malformed, .badBody, "framing"), (.rejected(reason: "A chunk."), .badBody, "A chunk."),
            (.clientLeft, .clientLeft, "left"),
        ])
    func body(_ error: RequestBodyError, _ code: ProblemCode, _ text: String) {
        let problem = Problem(thrown: error)
        #expect(problem.code == code && problem.detail.contains(text))
        #expect(problem.isOfClientThatLeft == (error == .clientLeft))
    }

    @Test("Every code has an error status and a unique title")
    func codes() {
        #expect(ProblemCode.allCases.allSatisfy { (400...599).contains($0.status.code) })
        #expect(Set(ProblemCode.allCases.map(\.title)).count == ProblemCode.allCases.count)
    }

    /// For a damaged WebP whose decoder "was aborted", a client that had not left got 499, which is for the log only.
    @Test("No response is ever 499")
    func clientLeft() {
        for error in [ServiceError.cancelled, .unprocessable(.cancelled)] {
            let problem = Problem(error)
            #expect(problem.response(requestID: "1").status.code == 503)
            #expect(problem.response(requestID: "1").headers[.retryAfter] != nil)
            #expect(problem.document(requestID: "1").status == 503)
            #expect(!problem.isOfClientThatLeft)
        }
        #expect(Problem(thrown: RequestBodyError.clientLeft).isOfClientThatLeft)
    }

    @Test("An unexpected codec error concerns the image, and names the library and the stage")
    func internalError() {
        let error = CodecError.internalError("the PNG library rejected a call").at(stage: "decode")
        let problem = Problem(.unprocessable(error))
        #expect(problem.code.status.code == 422)
        #expect(problem.detail.contains("PNG library") && problem.detail.contains("decode"))
        #expect(problem.cause is CodecError)
    }

    private struct Unknown: Error {}

    @Test("An unknown error is a bug, and a cancellation is not")
    func thrown() {
        #expect(Problem(thrown: Unknown()).code == .internalError)
        #expect(Problem(thrown: Unknown()).cause is Unknown)
        #expect(Problem(thrown: CancellationError()).code == .clientLeft)
        #expect(Problem(thrown: RequestBodyError.clientLeft).code == .clientLeft)
        #expect(Problem(thrown: RequestBodyError.timedOut).code == .clientTooSlow)
        #expect(Problem(thrown: RequestBodyError.malformed).code == .badBody)
        #expect(Problem(thrown: ServiceError.tooLong(limit: 7)).code == .tooLong)
        #expect(Problem(thrown: Problem(.conflict, "once")).detail == "once")
    }

    @Test(
        "Blanks are trimmed by scalars; nothing else is trimmed",
        arguments: [
            ("a", "a"), (" \t a b \t", "a b"), ("", ""), (" \t ", ""), ("\u{A0}a\u{A0}", "\u{A0}a\u{A0}"),
            (" \u{301}a", "\u{301}a"), ("a\n", "a\n"),
        ])
    func blanks(_ text: String, _ expected: String) {
        #expect(Array(text.trimmingBlanks().utf8) == Array(expected.utf8))
    }
}
