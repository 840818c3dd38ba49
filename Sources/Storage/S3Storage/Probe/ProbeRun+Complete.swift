import NIOCore
import NIOHTTP1
import ObjectStorage

extension ProbeRun {
    /// Completes uploads under conditions that do not hold, and one without any. Each upload has one part.
    func completeFacts() async throws(StorageError) -> (result: RaceResult, tellsETag: Bool) {
        var result = RaceResult()
        let taken = try key("complete/taken")
        _ = try await write(taken, "first")
        for mode in [PutMode.createOnly, .replace(Self.foreignETag)] {
            let upload = try await beginUpload(of: taken, number: 0)
            result.addFalseCondition(try await complete(upload, of: taken, mode: mode).outcome)
        }
        let upload = try await beginUpload(of: taken, number: 1)
        let answered = try await complete(upload, of: taken, mode: .overwrite).etag
        let lasting = try await storage.head(taken, during: .probe, until: deadline).etag
        return (result, answered == lasting)
    }

    /// Completions that create only, and completions that replace one version.
    func completeRaces() async throws(StorageError) -> [[RaceOutcome]] {
        try await rounds { round throws(StorageError) in
            let key = try self.key("complete/\(round)")
            let mode: PutMode = round.isMultiple(of: 2) ? .createOnly : .replace(try await self.write(key, "first"))
            let uploads = try await self.beginUploads(of: key)
            return try await self.race { number throws(StorageError) in
                try await self.complete(uploads[number], of: key, mode: mode)
            }.map(\.outcome)
        }
    }

    private func complete(
        _ upload: (id: String, part: ETag), of key: ObjectKey, mode: PutMode
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        let request = S3Request(
            .probe, .POST, key: key, query: [QueryItem("uploadId", upload.id)],
            headers: [("content-type", "application/xml")] + mode.headers,
            body: CompleteUploadBody.make([(number: 1, etag: upload.part)]))
        let result: (outcome: RaceOutcome, etag: ETag?)
        do throws(StorageError) {
            result = try await outcome(request)
        } catch {
            try? await abort(upload.id, of: key)
            throw error
        }
        if result.outcome != .won { try await abort(upload.id, of: key) }
        return result
    }

    private func beginUploads(of key: ObjectKey) async throws(StorageError) -> [(id: String, part: ETag)] {
        let results = await attempts(Self.racers) { number throws(StorageError) in
            try await self.beginUpload(of: key, number: number)
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
        do throws(S3RequestError) {
            // Without a marker: the sweep finds a probe's uploads by their keys.
            let id = try await storage.createUpload(
                key, options: UploadOptions(), during: .probe, repeatability: .always, until: deadline)
            let part = try await storage.client.send(
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
        do throws(S3RequestError) {
            try await storage.abortUpload(uploadID, of: key)
        } catch {
            throw error.storageError
        }
    }
}
