import NIOHTTP1
import ObjectStorage

extension ProbeRun {
    /// Whether listings are in byte order, and what a plus sign in them means.
    func listingFacts() async throws(StorageError) -> (inByteOrder: Bool, plusIsSpace: Bool) {
        // A hyphen sorts before a slash; folder by folder, `a/x` would come first.
        let hyphen = try key("list/a-b")
        let folder = try key("list/a/x")
        let odd = try key("list/s p+q")
        for key in [hyphen, folder, odd] { _ = try await write(key, "listed") }

        let prefix = Array(hyphen.bytes.dropLast(3))
        let query = [
            QueryItem("list-type", "2"), QueryItem("max-keys", "10"), QueryItem("encoding-type", "url"),
            QueryItem("prefix", prefix),
        ]
        do throws(S3RequestError) {
            let request = S3Request(.probe, .GET, query: query)
            return try await storage.client.read(ListDocument.self, request, until: deadline) { document in
                let form = try document.listed(plusIsSpace: true).page.items.map(\.key)
                let plain = try document.listed(plusIsSpace: false).page.items.map(\.key)
                guard form.contains(odd) || plain.contains(odd) else {
                    throw BadAnswer("a listing without an object that was just written")
                }
                let plusIsSpace = form.contains(odd)
                return ((plusIsSpace ? form : plain) == [hyphen, folder, odd], plusIsSpace)
            }
        } catch {
            throw error.storageError
        }
    }
}
