import NIOHTTP1
import ObjectStorage

extension S3Storage {
    /// The headers that pass on what other programs have put on an object.
    ///
    /// - Throws: if the object has tags and the store does not tell them now: they would be lost.
    func carried(
        from object: ObjectInfo, until deadline: ContinuousClock.Instant
    ) async throws(StorageError) -> [(name: String, value: String)] {
        var headers = CarriedFields.headers(from: object)
        guard CarriedFields.hasTags(object) else { return headers }
        do throws(S3RequestError) {
            let request = S3Request(.get, .GET, key: object.key, query: [QueryItem("tagging")])
            let answer = try await client.send(request, until: deadline)
            let tags = try Self.understand(.get) { () throws(BadAnswer) in
                try S3Document.decode(TaggingDocument.self, from: answer.body)
            }
            if let header = CarriedFields.header(of: tags) { headers.append(header) }
        } catch {
            throw error.storageError
        }
        return headers
    }
}
