import Foundation
import ImageCodecs
import ImageModel
import NIOHTTP1
import Testing

extension EndToEnd {
    /// The behaviour of the imaging engine through HTTP.
    @Suite("Imaging, over real sockets", .serialized)
    struct ImagingTests {
        private func info(_ answer: HTTP.Answer) throws -> ImageInfo {
            try ImageHeader.read(answer.bytes.span.bytes, limits: CodecLimits())
        }

        private func code(_ answer: HTTP.Answer) throws -> String? { try answer.object()["code"] as? String }

        @Test("AVIF is accepted, served, described, rendered and negotiated", arguments: Backend.all)
        func avif(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let file = try Pictures.encode(width: 80, height: 60, format: .avif)
            let put = try await HTTP.put(server.image("a.bin"), file)
            #expect(put.status == 201, "\(put.text)")
            let metadata = try put.object()
            #expect(metadata["format"] as? String == "avif")
            #expect(metadata["contentType"] as? String == "image/avif")
            #expect(metadata["width"] as? Int == 80 && metadata["height"] as? Int == 60)
            #expect(metadata["frames"] as? Int == 1)
            let got = try await HTTP.get(server.image("a.bin"))
            #expect(got.bytes == file && got.header("Content-Type") == "image/avif")
            // A file that another program wrote gives the same result.
            try await store.plant("moved/b.bin", file)
            let moved = try await HTTP.get(server.metadata("moved/b.bin")).object()
            for key in ["format", "width", "height", "frames", "hasAlpha", "orientation"] {
                #expect(moved[key] as? NSObject == metadata[key] as? NSObject, "\(key)")
            }
            let answers: [(String, String?, ImageFormat)] = [
                ("w=40", nil, .jpeg), ("w=40", "image/avif,image/webp,*/*;q=0.8", .avif),
                ("w=40", "image/avif;q=0.5,image/webp", .webp), ("w=40&format=original", nil, .avif),
                ("w=40&format=avif", "image/webp", .avif), ("w=40&format=png", nil, .png),
            ]
            for (query, accept, format) in answers {
                let answer = try await HTTP.get(server.image("a.bin", query), accept.map { [("Accept", $0)] } ?? [])
                #expect(answer.status == 200, "\(query): \(answer.text)")
                #expect(answer.header("Content-Type") == format.capabilities.mediaType, "\(query) \(accept ?? "")")
                let found = try info(answer)
                #expect(found.format == format && found.size == PixelSize(width: 40, height: 30), "\(query)")
                #expect(try Pictures.corner(of: answer.bytes) == .topLeft)
            }
            for (name, bytes, status) in [
                ("cut", Array(file.dropLast(40)), 422), ("headless", Array(file.prefix(40)), 422),
            ] {
                #expect(try await HTTP.put(server.image("refused/\(name)"), bytes).status == status, "\(name)")
                #expect(try await HTTP.get(server.image("refused/\(name)")).status == 404)
            }
            let rotated = try await HTTP.post(server.rotate("a.bin"), json: #"{"degrees": 90}"#)
            #expect(rotated.status == 422)
            #expect(try code(rotated) == "unsupported_transform")
        }

        @Test("Above the AVIF limit the server sends WebP instead, and says so")
        func avifCap() async throws {
            let store = try LocalFolder()
            let server = try await TintypeServer.start(store.environment)
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 64, height: 48))
            // 2,400 x 1,800 is more than four megapixels.
            let query = "w=2400&fit=contain&format=avif&q=1"
            for _ in 0..<2 {
                let large = try await HTTP.get(server.image("p.jpg", query))
                #expect(large.header("Content-Type") == "image/webp")
                #expect(try info(large).format == .webp)
            }
            let head = try await HTTP.head(server.image("p.jpg", query))
            #expect(head.header("Content-Type") == "image/webp")
        }

        @Test("Every parameter of a rendition has its effect", arguments: Backend.all)
        func parameters(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            // A bright square in the top left corner.
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 320, height: 240))
            let sizes: [(String, Int, Int)] = [
                ("w=160", 160, 120), ("h=60", 80, 60), ("w=100&h=100", 100, 75), ("w=640", 320, 240),
                ("w=640&fit=contain", 640, 480), ("w=640&h=640&fit=contain", 640, 480),
                ("w=100&h=100&fit=cover", 100, 100), ("w=640&h=640&fit=cover", 640, 640),
                ("w=100&h=100&fit=crop", 100, 100), ("w=640&h=120&fit=crop", 320, 120),
                ("w=100&h=100&fit=pad", 100, 100), ("w=50&h=200&fit=fill", 50, 200), ("w=50&dpr=2", 100, 75),
                ("rotate=90", 240, 320), ("rotate=270&w=120", 120, 160), ("rotate=180&h=24", 32, 24),
                ("flip=horizontal&w=32", 32, 24), ("blur=3&w=32", 32, 24), ("sharpen=2&w=32", 32, 24),
                ("q=10", 320, 240), ("w=90&h=90&fit=cover&gravity=smart", 90, 90),
                ("w=90&h=90&fit=cover&gravity=0.1,0.9", 90, 90), ("frame=0&w=32", 32, 24),
            ]
            for (query, width, height) in sizes {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(answer.status == 200, "\(query): \(answer.text)")
                #expect(try info(answer).size == PixelSize(width: width, height: height), "\(query)")
                #expect(try info(answer).orientation == .upright)
            }
            let corners: [(String, Pictures.Corner)] = [
                ("w=160", .topLeft), ("rotate=90&w=160", .topRight), ("rotate=180&w=160", .bottomRight),
                ("rotate=270&w=160", .bottomLeft), ("flip=horizontal&w=160", .topRight),
                ("flip=vertical&w=160", .bottomLeft), ("rotate=90&flip=vertical&w=160", .bottomRight),
            ]
            for (query, corner) in corners {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(try Pictures.corner(of: answer.bytes) == corner, "\(query)")
            }
            // If the other side is kept, nothing of the corner with the square is left.
            let kept = try await HTTP.get(server.image("p.jpg", "w=100&h=100&fit=cover&gravity=left&format=png"))
            let cut = try await HTTP.get(server.image("p.jpg", "w=100&h=100&fit=cover&gravity=right&format=png"))
            #expect(try Pictures.corner(of: kept.bytes) == .topLeft)
            #expect(try Pictures.corner(of: cut.bytes) != .topLeft)
            // The background next to a padded picture is the requested one.
            let pads: [(String, [Int])] = [
                ("bg=%23ff0000&format=png", [255, 0, 0, 255]), ("bg=00f&format=png", [0, 0, 255, 255]),
                ("bg=0000&format=png", [0, 0, 0, 0]), ("format=png", [255, 255, 255, 255]),
            ]
            for (query, color) in pads {
                let answer = try await HTTP.get(server.image("p.jpg", "w=90&h=200&fit=pad&gravity=top&" + query))
                #expect(try Pictures.lastPixel(of: answer.bytes) == color, "\(query)")
            }
            // A parameter with an effect gives other bytes and another tag.
            var seen: Set<[UInt8]> = []
            var tags: Set<String> = []
            let different = [
                "", "&blur=2", "&sharpen=3", "&blur=2&dpr=2&w=80", "&bg=123456", "&q=30", "&rotate=180",
                "&flip=vertical",
            ]
            for more in different {
                let answer = try await HTTP.get(server.image("p.jpg", "w=160&h=160&fit=pad&format=webp" + more))
                guard more != "&blur=2&dpr=2&w=80" else {
                    #expect(answer.status == 400, "w is given twice")
                    continue
                }
                #expect(answer.status == 200, "\(more)")
                seen.insert(answer.bytes)
                tags.insert(answer.header("ETag") ?? "")
            }
            #expect(seen.count == different.count - 1 && tags.count == different.count - 1)
            // One picture in two spellings is one entry.
            let one = try await HTTP.get(
                server.image("p.jpg", "w=80&gravity=smart&bg=fff&blur=0&dpr=1&rotate=0&frame=0"))
            let two = try await HTTP.get(server.image("p.jpg", "w=80"))
            #expect(one.header("ETag") == two.header("ETag"))
            #expect(two.header("Cache-Status") == "tintype; hit")
            let preset = try await HTTP.get(server.image("p.jpg", "preset=thumb"))
            #expect(preset.status == 400)
        }

        @Test("max_bytes is met, or rejected with the size that would be needed")
        func maximumBytes() async throws {
            let store = try LocalFolder()
            let server = try await TintypeServer.start(store.environment)
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.noise(width: 300, height: 200))
            for format in ["jpeg", "webp", "avif"] {
                let free = try await HTTP.get(server.image("p.jpg", "w=200&format=\(format)"))
                let limit = free.bytes.count / 2
                let held = try await HTTP.get(server.image("p.jpg", "w=200&format=\(format)&max_bytes=\(limit)"))
                #expect(held.status == 200, "\(format): \(held.text)")
                #expect(held.bytes.count <= limit, "\(format)")
                #expect(try info(held).size == info(free).size)
            }
            for format in ["jpeg", "png"] {
                let rejected = try await HTTP.get(server.image("p.jpg", "w=200&format=\(format)&max_bytes=100"))
                #expect(rejected.status == 422)
                #expect(try code(rejected) == "image_too_large")
                #expect(rejected.text.contains("at most 100 "), "\(rejected.text)")
            }
        }

        @Test("Animations stay animations, or become a still if requested", arguments: Backend.all)
        func animations(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let files = [("a.webp", try Pictures.animatedWebP()), ("a.png", Pictures.animatedPNG())]
            for (path, file) in files {
                let source = try Pictures.play(file)
                #expect(source.times == [40, 80, 120] && source.shown == [0, 1, 2] && source.loops == 5)
                let put = try await HTTP.put(server.image(path), file)
                #expect(try put.object()["frames"] as? Int == 3, "\(put.text)")
                try await store.plant("moved/\(path)", file)
                for path in [path, "moved/\(path)"] {
                    for (query, accept) in [
                        ("w=32", nil), ("w=32", "*/*"), ("w=32", "image/avif,image/webp"), ("w=32&format=webp", nil),
                        ("w=32&format=avif", nil),
                    ] {
                        let answer = try await HTTP.get(
                            server.image(path, query), accept.map { [("Accept", $0)] } ?? [])
                        #expect(answer.status == 200, "\(path)?\(query): \(answer.text)")
                        #expect(answer.header("Content-Type") == "image/webp", "\(path)?\(query)")
                        let played = try Pictures.play(answer.bytes)
                        var expected = source
                        expected.size = PixelSize(width: 32, height: 24)
                        #expect(played == expected, "\(path)?\(query)")
                    }
                    for format in ["jpeg", "png"] {
                        let answer = try await HTTP.get(server.image(path, "w=32&format=\(format)"))
                        #expect(answer.status == 422, "\(path) \(format)")
                        #expect(try code(answer) == "unsupported_transform")
                        #expect(answer.text.contains("frame=0"))
                        let still = try await HTTP.get(server.image(path, "w=32&format=\(format)&frame=0"))
                        #expect(still.status == 200, "\(still.text)")
                        #expect(try Pictures.play(still.bytes).shown == [0])
                        #expect(try info(still).size == PixelSize(width: 32, height: 24))
                    }
                    let still = try await HTTP.get(server.image(path, "frame=0&h=24"), [("Accept", "image/webp")])
                    #expect(still.header("Content-Type") == "image/webp")
                    #expect(try Pictures.play(still.bytes).shown == [0])
                }
                // Every frame passes through every step.
                let rendition = try await HTTP.get(server.image(path, "rotate=90&w=24&h=100&fit=pad&bg=fff"))
                let show = try Pictures.play(rendition.bytes)
                #expect(show.size == PixelSize(width: 24, height: 100) && show.times == [40, 80, 120])
                let rotated = try await HTTP.post(server.rotate(path), json: #"{"degrees": 90}"#)
                #expect(rotated.status == 422, "\(rotated.text)")
                #expect(try code(rotated) == "unsupported_transform")
                #expect(try await HTTP.get(server.image(path)).bytes == file)
            }
            let large = try await HTTP.get(server.image("a.webp", "w=32&max_bytes=100"))
            #expect(large.status == 422 && large.text.contains("animation"))
        }

        @Test("Limits are settings, and are checked before any pixel is decoded")
        func limits() async throws {
            let store = try LocalFolder()
            let strict = try await TintypeServer.start(
                store.environment.merging([
                    "MAX_IMAGE_FRAMES": "2", "MAX_ANIMATION_PIXELS": "9215", "MAX_JPEG_SCANS": "2",
                    "MAX_IMAGE_PIXELS": "100000",
                ]) { $1 })
            for (name, file) in [
                ("a.webp", try Pictures.animatedWebP()), ("a.png", Pictures.animatedPNG()),
                ("p.jpg", try Pictures.jpeg()), ("l.png", try Pictures.encode(width: 400, height: 300, format: .png)),
            ] {
                let answer = try await HTTP.put(strict.image("refused/\(name)"), file)
                #expect(answer.status == 422, "\(name): \(answer.text)")
                #expect(try code(answer) == "image_too_large", "\(name)")
            }
            #expect(try store.leftovers() == [])
            // Three frames of 64 x 48. They are stored and served, but not rendered if the limit is one pixel less.
            for (limit, status) in [(9215, 422), (9216, 200)] {
                let server = try await TintypeServer.start(
                    store.environment.merging(["MAX_ANIMATION_PIXELS": String(limit)]) { $1 })
                _ = try await HTTP.put(server.image("a.webp"), try Pictures.animatedWebP())
                #expect(try await HTTP.get(server.image("a.webp")).status == 200)
                #expect(try await HTTP.get(server.image("a.webp", "w=32&frame=0")).status == 200)
                let answer = try await HTTP.get(server.image("a.webp", "w=32"))
                #expect(answer.status == status, "\(answer.text)")
                if status == 422 { #expect(try code(answer) == "image_too_large") }
            }
        }

        @Test("Work that takes too long is stopped and reported, and its thread is available again")
        func timeLimit() async throws {
            let store = try LocalFolder()
            let server = try await TintypeServer.start(
                store.environment.merging(["RENDER_TIMEOUT_SECONDS": "1", "RENDER_THREADS": "1"]) { $1 })
            // Noise that is enlarged, as a PNG: many seconds of work.
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.noise(width: 1200, height: 1200))
            let start = ContinuousClock.now
            let answer = try await HTTP.get(
                server.image("p.jpg", "w=6000&h=6000&fit=contain&format=png&blur=250&sharpen=10"))
            #expect(answer.status == 422, "\(answer.text)")
            #expect(try code(answer) == "transform_too_slow")
            #expect(answer.text.contains("1 seconds"))
            #expect(ContinuousClock.now - start > .seconds(1))
            #expect(try await HTTP.get(server.image("p.jpg", "w=20")).status == 200)
        }

        @Test("A rotate reports its effects", arguments: Backend.all)
        func rotate(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let trailer = try Pictures.jpeg(width: 16, height: 16)
            let odd = try Pictures.jpeg(width: 97, height: 67)
            let cases: [(String, [UInt8], String, Bool, [String], (Int, Int))] = [
                ("aligned", try Pictures.jpeg(), "{\"degrees\": 90}", true, [], (64, 96)),
                ("odd", odd, "{\"degrees\": 90}", false, [], (67, 97)),
                ("kept", odd, "{\"degrees\": 90, \"edge\": \"reencode\"}", false, [], (67, 97)),
                ("trimmed", odd, "{\"degrees\": 90, \"edge\": \"trim\"}", true, ["trimmed-edge"], (64, 97)),
                (
                    "pictures", try Pictures.phonePhoto(trailer: trailer), "{\"flip\": \"horizontal\"}", true,
                    ["dropped-pictures"], (96, 64)
                ),
            ]
            for (name, file, body, lossless, effects, size) in cases {
                _ = try await HTTP.put(server.image(name), file)
                let answer = try await HTTP.post(server.rotate(name), json: body)
                #expect(answer.status == 200, "\(name): \(answer.text)")
                let metadata = try answer.object()
                #expect(metadata["lossless"] as? Bool == lossless, "\(name)")
                #expect(metadata["effects"] as? [String] == effects, "\(name)")
                #expect(metadata["width"] as? Int == size.0 && metadata["height"] as? Int == size.1, "\(name)")
            }
            _ = try await HTTP.put(server.image("q"), odd)
            let query = try await HTTP.send(.POST, server.rotate("q") + "?degrees=180&edge=trim")
            #expect(try query.object()["effects"] as? [String] == ["trimmed-edge"])
            for bad in ["?degrees=90&edge=cut", "?edge=trim", "?degrees=90&edge=trim&edge=trim"] {
                #expect(try await HTTP.send(.POST, server.rotate("q") + bad).status == 400, "\(bad)")
            }
        }
    }
}
