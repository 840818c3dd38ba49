import Foundation
import Testing

extension EndToEnd {
    @Suite("Real photos", .serialized)
    struct PhotoTests {
        private static let wanted = 100

        @Test(
            "A hundred photos are stored and returned byte for byte, whatever their paths are",
            .enabled(
                if: Photos.corpus != nil || Photos.files.count >= wanted,
                "CORPUS_DIR is not set, and there are no wallpapers"), arguments: Backend.all)
        func roundTrip(_ backend: Backend) async throws {
            let files = Array(Photos.files.prefix(Self.wanted))
            try #require(
                files.count == Self.wanted, "only \(files.count) photos: are the packages of scripts/lib.sh installed?")
            let paths = Photos.paths(files.count)
            #expect(Set(paths.map { Array($0.utf8) }).count == paths.count)
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            for (path, file) in zip(paths, files) {
                let answer = try await HTTP.put(server.image(path), Array(try Data(contentsOf: file)))
                #expect(answer.status == 201, "\(path) from \(file.path): \(answer.text)")
            }
            // A server that has none of them in memory.
            let other = try await TintypeServer.start(store.environment)
            for (path, file) in zip(paths, files) {
                let answer = try await HTTP.get(other.image(path))
                #expect(answer.status == 200, "\(path)")
                #expect(try answer.bytes == Array(Data(contentsOf: file)), "\(path) from \(file.path)")
            }
            let items = try #require(try await HTTP.get(other.collection()).object()["items"] as? [[String: Any]])
            let listed = items.compactMap { ($0["path"] as? String).map { Array($0.utf8) } }
            #expect(listed.count == paths.count)
            let missing = paths.filter { !listed.contains(Array($0.utf8)) }
            #expect(missing == [])
        }
    }
}
