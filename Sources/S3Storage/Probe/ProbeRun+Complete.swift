import NIOCore
import NIOHTTP1
import ObjectStorage

extension ProbeRun {
    /// Races completions of uploads of one part each: such that create only, then such that replace one version.
    func completeSupport() async throws(StorageError) -> ConditionSupport {
        var creating = RaceVerdict()
        var replacing = RaceVerdict()
        for round in 0..<Self.rounds {
            let key = try key("complete/\(round)")
            creating.add(try await raceCompletions(of: key, mode: .createOnly))
            let etag = try await currentETag(of: key)
            replacing.add(try await raceCompletions(of: key, mode: .replace(etag)))
            if creating.support != .atomic { break }
        }
        return creating.support.worse(replacing.support)
    }

    func raceCompletions(of key: ObjectKey, mode: PutMode) async throws(StorageError) -> [RaceOutcome] {
        let uploads = try await beginUploads(of: key)
        let outcomes = try await race { number throws(StorageError) in
            let upload = uploads[number]
            let request = S3Request(
                .probe, .POST, key: key, query: [QueryItem("uploadId", upload.id)],
                headers: [("content-type", "application/xml")] + mode.headers,
                body: CompleteUploadBody.make([(number: 1, etag: upload.part)]))
            let result = try await self.outcome(request)
            if result.outcome != .won { try await self.abort(upload.id, of: key) }
            return result
        }
        return outcomes.map(\.outcome)
    }

    private func beginUploads(of key: ObjectKey) async throws(StorageError) -> [(id: String, part: ETag)] {
        let results = await withTaskGroup { group in
            for number in 0..<Self.racers {
                group.addTask {
                    await attempt { () throws(StorageError) in try await self.beginUpload(of: key, number: number) }
                }
            }
            var results: [Result<(id: String, part: ETag), StorageError>] = []
            for await result in group { results.append(result) }
            return results
        }
        let begun = results.compactMap { try? $0.get() }
        for result in results {
            guard case .failure(let error) = result else { continue }
            for upload in begun { try? await abort(upload.id, of: key) }
            throw error
        }
        return begun
    }

    private func beginUpload(
        of key: ObjectKey, number: Int
    ) async throws(StorageError) -> (id: String, part: ETag) {
        do throws(S3Failure) {
            let client = storage.client
            let created = try await client.send(
                S3Request(.probe, .POST, key: key, query: [QueryItem("uploads")], repeatability: .ifUntouched),
                until: deadline)
            let id = try S3Storage.understand(.probe) { () throws(BadAnswer) in
                try S3Document.decode(CreatedUploadDocument.self, from: created.body).uploadID
            }
            let part = try await client.send(
                S3Request(
                    .probe, .PUT, key: key, query: [QueryItem("partNumber", "1"), QueryItem("uploadId", id)],
                    body: ByteBuffer(string: "part \(number)")),
                until: deadline)
            return (id, try S3Storage.etag(part.headers, during: .probe))
        } catch {
            throw error.storageError
        }
    }

    private func abort(_ uploadID: String, of key: ObjectKey) async throws(StorageError) {
        do throws(S3Failure) {
            try await storage.abortUpload(uploadID, of: key)
        } catch {
            throw error.storageError
        }
    }
}
