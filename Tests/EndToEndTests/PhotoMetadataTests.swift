import AsyncHTTPClient
import Foundation
import ImageCodecs
import ImageModel
import NIOCore
import NIOHTTP1
import Testing

extension EndToEnd {
    /// The stored metadata of a photo, and the metadata that the server returns, through HTTP.
    @Suite("Metadata of photos, over real sockets", .serialized)
    struct PhotoMetadataTests {
        private func info(_ answer: HTTP.Answer) throws -> ImageInfo {
            try ImageHeader.read(answer.bytes.span.bytes, limits: CodecLimits())
        }

        @Test("Metadata of uploads is kept or dropped as the setting says", arguments: Backend.all)
        func uploadMetadata(_ backend: Backend) async throws {
            let store = try await backend.open()
            let small = try Pictures.phonePhoto(orientation: 6)
            let trailer = [UInt8](repeating: 7, count: 9 << 20)
            // A file of more than one part that is mostly pixels, and a file with many bytes after its end.
            let noise = try Pictures.fullNoise(side: 2400)
            try #require(noise.count > 9 << 20)
            let large = Array(small.prefix(2)) + Self.exifSegment(of: small) + noise.dropFirst(2)
            for (policy, time, place) in [
                ("keep", true, true), ("drop-location", true, false), ("drop-all", false, false),
            ] {
                let server = try await TintypeServer.start(
                    store.environment.merging(["UPLOAD_METADATA": policy]) { $1 })
                for (name, file) in [("small", small), ("trailer", small + trailer), ("large", large)] {
                    let path = "\(policy)/\(name).jpg"
                    let put = try await HTTP.put(server.image(path), file)
                    #expect(put.status == 201, "\(path): \(put.text)")
                    let got = try await HTTP.get(server.image(path))
                    if policy == "keep" { #expect(got.bytes == file) }
                    let metadata = try put.object()
                    #expect(metadata["bytes"] as? Int == got.bytes.count, "\(path)")
                    #expect(metadata["orientation"] as? Int == 6, "\(path)")
                    let facts = PhotoFacts.read(got.bytes.span.bytes, info: try info(got))
                    #expect((facts.captureTime != nil) == time, "\(path)")
                    #expect((facts.position != nil) == place, "\(path)")
                    // No pixel has changed.
                    let before = try await Self.pixels(file)
                    let after = try await Self.pixels(got.bytes)
                    #expect(before == after, "\(path)")
                    #expect(try await HTTP.delete(server.image(path)).status == 204)
                }
                let form = try await Self.form(server, small)
                let path = try #require(try form.objects().first?["path"] as? String, "\(form.text)")
                let got = try await HTTP.get(server.image(path))
                #expect((PhotoFacts.read(got.bytes.span.bytes, info: try info(got)).position != nil) == place)
                #expect(try await HTTP.delete(server.image(path)).status == 204)
                // Rejected files leave nothing, whole or in parts, small or large.
                for file in [Array(small.dropLast(9)), Array(large.dropLast(9))] {
                    #expect(try await HTTP.putHearing(server.image("refused"), file).status == 422)
                }
            }
            let rest = try await store.remains()
            #expect(rest == [])
        }

        /// The first APP1 segment with its marker.
        private static func exifSegment(of file: [UInt8]) -> [UInt8] {
            let length = Int(file[4]) << 8 | Int(file[5])
            return Array(file[2..<(4 + length)])
        }

        private static func pixels(_ file: [UInt8]) async throws -> [UInt8] {
            let info = try ImageHeader.read(file.span.bytes, limits: CodecLimits())
            let picture = try ImageDecoder.decode(
                file.span.bytes, info: info, limits: CodecLimits(), cancelled: CancelFlag())
            return picture.withUnsafeBytes { Array($0) }
        }

        private static func form(_ server: TintypeServer, _ file: [UInt8]) async throws -> HTTP.Answer {
            let head = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.jpg\"\r\n\r\n"
            let body = Array(head.utf8) + file + Array("\r\n--b--\r\n".utf8)
            return try await HTTP.send(
                .POST, server.collection(), headers: [("Content-Type", "multipart/form-data; boundary=b")],
                body: .bytes(.init(bytes: body)))
        }

        @Test("Extras are made once, stored next to the object, and removed with it", arguments: Backend.all)
        func extras(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let file = try Pictures.phonePhoto()
            _ = try await HTTP.put(server.image("p.jpg"), file)
            #expect(try await HTTP.get(server.metadata("p.jpg")).object()["extras"] == nil)
            try await store.plant("moved/p.bin", file)
            for path in ["p.jpg", "moved/p.bin"] {
                let answer = try await HTTP.get(server.metadata(path) + "?include=extras")
                #expect(answer.status == 200, "\(answer.text)")
                let document = try answer.object()
                #expect(document["location"] == nil)
                let extras = try #require(document["extras"] as? [String: Any])
                #expect(extras["captureTime"] as? String == "2024-05-06T07:08:09+02:00")
                #expect(extras["cameraMake"] as? String == "Tintype Works")
                #expect(extras["cameraModel"] as? String == "Model 1")
                #expect((extras["dominantColor"] as? String)?.count == 7)
                #expect((extras["blurHash"] as? String)?.count == 28)
                let hash = try #require((extras["thumbHash"] as? String).flatMap { Data(base64Encoded: $0) })
                #expect((5...37).contains(hash.count))
                // Another replica returns the same.
                let other = try await TintypeServer.start(store.environment)
                let again = try await HTTP.get(other.metadata(path) + "?include=extras,location")
                #expect(try again.object()["extras"] as? NSDictionary == extras as NSDictionary)
                let location = try #require(try again.object()["location"] as? [String: Any])
                #expect(location["latitude"] as? Double == 52.5 && location["longitude"] as? Double == 13.25)
                #expect(location["altitude"] as? Double == 34)
                #expect(again.header("Cache-Control") == "private, no-store")
            }
            // Only clients that may write get the location.
            let forwarded = try await HTTP.get(
                server.metadata("p.jpg") + "?include=location", [("X-Forwarded-For", "192.0.2.1")])
            #expect(forwarded.status == 403)
            #expect(!forwarded.text.contains("52.5"))
            let open = try await HTTP.get(
                server.metadata("p.jpg") + "?include=extras", [("X-Forwarded-For", "192.0.2.1")])
            #expect(open.status == 200 && !open.text.contains("52.5"))
            #expect(try await HTTP.get(server.metadata("p.jpg") + "?include=gps").status == 400)
            // The server's own objects are in no listing and have no path.
            let listed = try #require(try await HTTP.get(server.collection()).object()["items"] as? [[String: Any]])
            #expect(Set(listed.compactMap { $0["path"] as? String }) == ["p.jpg", "moved/p.bin"])
            /// Stored extras are removed in the background, but they are written before the response.
            func stored(_ count: Int) async throws -> Bool {
                for _ in 0..<200 {
                    if try await store.leftovers().count(where: { $0.contains("/extras-") }) == count { return true }
                    try await Task.sleep(for: .milliseconds(50))
                }
                return false
            }
            #expect(try await stored(2))
            // A new version has its own extras.
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.encode(width: 64, height: 64, format: .png))
            #expect(try await stored(1))
            let plain = try await HTTP.get(server.metadata("p.jpg") + "?include=extras,location").object()
            #expect((plain["extras"] as? [String: Any])?["cameraMake"] is NSNull)
            #expect(plain["location"] is NSNull)
            #expect(try await stored(2))
            #expect(try await HTTP.post(server.rotate("p.jpg"), json: #"{"degrees": 90}"#).status == 200)
            #expect(try await stored(1))
            for path in ["p.jpg", "moved/p.bin"] {
                _ = try await HTTP.get(server.metadata(path) + "?include=extras")
                #expect(try await HTTP.delete(server.image(path)).status == 204)
                #expect(try await HTTP.get(server.metadata(path) + "?include=extras").status == 404)
            }
            #expect(try await stored(0))
            let rest = try await store.remains()
            #expect(rest == [])
        }
    }
}
