import HTTPTypes
import ImageCodecs
import ImageModel
import Testing

@testable import ImageAPI

/// Every route, without sockets and without the binary.
@Suite("Routes", .timeLimit(.minutes(1)))
struct RoutesTests {
    private func picture(_ width: Int, _ height: Int) throws -> [UInt8] {
        let pixels = try PixelBuffer(width: width, height: height, layout: .rgb8)
        return try ImageEncoder.encode(pixels, format: .jpeg, quality: 90, metadata: nil, cancelled: CancelFlag())
    }

    @Test("The life cycle of an image")
    func life() async throws {
        let application = try TestApplication(try await FastPathFixture.makeService())
        let file = try picture(64, 32)

        let stored = try await application.send(.put, "images/a/b.jpg", body: file)
        #expect(stored.status == 201)
        #expect(stored.headers[.location] == "/api/v1/images/a/b.jpg")
        let tag = try #require(stored.headers[.eTag])

        let got = try await application.send(.get, "images/a/b.jpg")
        #expect(got.status == 200 && got.bytes == file)
        #expect(got.headers[.eTag] == tag && got.headers[.contentLength] == String(file.count))
        #expect(try await application.send(.get, "images/a/b.jpg", [.ifNoneMatch: tag]).status == 304)
        let part = try await application.send(.get, "images/a/b.jpg", [.range: "bytes=2-5"])
        #expect(part.status == 206 && part.bytes == Array(file[2...5]))
        let head = try await application.send(.head, "images/a/b.jpg")
        #expect(head.status == 200 && head.bytes.isEmpty)
        for name in [HTTPField.Name.eTag, .contentLength, .contentType, .lastModified, .acceptRanges] {
            #expect(head.headers[name] == got.headers[name], "\(name)")
        }

        let small = try await application.send(.get, "images/a/b.jpg?w=16&format=png")
        #expect(small.status == 200 && small.headers[.contentType] == "image/png")
        #expect(
            try ImageHeader.read(small.bytes.span.bytes, limits: CodecLimits()).size == PixelSize(width: 16, height: 8))

        let rotated = try await application.send(.post, "images/a/b.jpg/rotate?degrees=90", [.ifMatch: tag])
        #expect(rotated.status == 200 && rotated.text.contains("\"width\":32"))
        #expect(try await application.send(.post, "images/a/b.jpg/rotate?degrees=90", [.ifMatch: tag]).status == 412)
        #expect(try await application.send(.get, "metadata/a/b.jpg").text.contains("\"height\":64"))
        #expect(try await application.send(.get, "images?prefix=a/").text.contains("\"path\":\"a/b.jpg\""))

        #expect(try await application.send(.delete, "images/a/b.jpg").status == 204)
        #expect(try await application.send(.get, "images/a/b.jpg").status == 404)
    }

    @Test(
        "Unknown routes, methods and paths",
        arguments: [
            (HTTPRequest.Method.get, "other", 404), (.put, "images", 405), (.post, "images/a.jpg", 405),
            (.get, "images/a/../b", 400), (.get, "images/%zz", 400), (.delete, "metadata/a", 405),
            (.get, "images/a.jpg?w=0", 400), (.post, "images/a.jpg/rotate", 400),
        ])
    func rejected(_ method: HTTPRequest.Method, _ target: String, _ status: Int) async throws {
        let application = try TestApplication(try await FastPathFixture.makeService())
        let answer = try await application.send(method, target)
        #expect(answer.status == status)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect((answer.headers[.allow] != nil) == (status == 405))
    }
}
