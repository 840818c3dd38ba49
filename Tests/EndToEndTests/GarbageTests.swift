import Foundation
import Testing

extension EndToEnd {
    @Suite("tintype gc", .serialized)
    struct GarbageTests {
        @Test("Derived objects that a killed server left of replaced images are removed", arguments: Backend.all)
        func collect(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let photo = try Pictures.noise(width: 400, height: 300)
            func derived() async throws -> Set<String> {
                Set(try await store.leftovers().filter { $0.contains("/rendition-") })
            }
            var gone: Set<String> = []
            for path in ["a/gone.jpg", "a/stays.jpg"] {
                gone = try await derived()
                #expect(try await HTTP.put(server.image(path), photo).status == 201)
                #expect(try await HTTP.get(server.image(path, "w=50&format=jpeg")).status == 200)
                let deadline = ContinuousClock.now + .seconds(20)
                while try await derived().count == gone.count, .now < deadline {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            let all = try await derived()
            #expect(all.count == 2 && gone.count == 1)
            try await server.kill9()
            try await store.plant("a/gone.jpg", photo + [0])

            func gc(_ arguments: String...) throws -> Command {
                try Command.run(["gc"] + arguments, store.environment)
            }
            let young = try gc()
            #expect(young.exitCode == 0, "\(young.errors)")
            #expect(young.output.contains(" 0 of them garbage"), "\(young.output)")
            // The store's clock has a resolution of whole seconds.
            try await Task.sleep(for: .seconds(1))
            let counted = try gc("--older-than", "0", "--dry-run")
            #expect(counted.output.contains("2 derived objects, 1 of them garbage"), "\(counted.output)")
            #expect(counted.output.contains("none removed"), "\(counted.output)")
            #expect(try await derived() == all)
            let removed = try gc("--older-than", "0")
            #expect(removed.output.contains("1 of them garbage"), "\(removed.output)")
            #expect(removed.output.contains("all removed"), "\(removed.output)")
            #expect(try await derived() == all.subtracting(gone))

            let again = try await TintypeServer.start(store.environment)
            #expect(try await HTTP.get(again.image("a/stays.jpg", "w=50&format=jpeg")).status == 200)
            #expect(try await HTTP.get(again.image("a/gone.jpg")).bytes == photo + [0])
        }

        @Test("A store that is away is an error, and nothing is removed")
        func away() throws {
            let result = try Command.run(
                ["gc"],
                [
                    "STORAGE_TYPE": "s3", "S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_BUCKET_NAME": "none",
                    "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "STORAGE_TIMEOUT_SECONDS": "1",
                ])
            #expect(result.exitCode == 1)
            #expect(result.errors.contains("tintype gc: "), "\(result.errors)")
        }
    }
}
