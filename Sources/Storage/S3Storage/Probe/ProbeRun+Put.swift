import NIOCore
import NIOHTTP1
import ObjectStorage

extension ProbeRun {
    /// An ETag that no object of a probe has. It is as long as an MD5, because some stores accept no other.
    static let foreignETag = ETag(opaque: "00000000000000000000000000000000")

    /// Writes under conditions that do not hold.
    func putFacts() async throws(StorageError) -> RaceResult {
        var result = RaceResult()
        let taken = try key("put/taken")
        _ = try await write(taken, "first")
        result.addFalseCondition(try await put(taken, "second", mode: .createOnly).outcome)
        result.addFalseCondition(try await put(taken, "third", mode: .replace(Self.foreignETag)).outcome)
        // MinIO treated this as true until 2025-09 (minio/minio#21526).
        let missing = try key("put/missing")
        result.addFalseCondition(try await put(missing, "first", mode: .replace(Self.foreignETag)).outcome)
        return result
    }

    /// Writes that create only, and writes that replace one version.
    func putRaces() async throws(StorageError) -> [[RaceOutcome]] {
        try await rounds { round throws(StorageError) in
            let key = try self.key("put/\(round)")
            let mode: PutMode = round.isMultiple(of: 2) ? .createOnly : .replace(try await self.write(key, "first"))
            return try await self.race { number throws(StorageError) in
                try await self.put(key, "racer \(number)", mode: mode)
            }.map(\.outcome)
        }
    }

    /// A delete of a version that is not there.
    func deleteFacts() async throws(StorageError) -> RaceResult {
        var result = RaceResult()
        let taken = try key("delete/taken")
        _ = try await write(taken, "first")
        result.addFalseCondition(try await delete(taken, version: Self.foreignETag).outcome)
        return result
    }

    /// Deletes and replacements of one version: one kind may win.
    func deleteRaces() async throws(StorageError) -> [[RaceOutcome]] {
        try await rounds { round throws(StorageError) in
            let key = try self.key("delete/\(round)")
            let etag = try await self.write(key, "first")
            let outcomes = try await self.race { number throws(StorageError) in
                number.isMultiple(of: 2)
                    ? try await self.delete(key, version: etag)
                    : try await self.put(key, "racer \(number)", mode: .replace(etag))
            }
            // A put is answered with an ETag, a delete without. Several successful deletes count as one; two winning
            // puts are for the PUT races to judge.
            let puts = outcomes.filter { $0.outcome == .won && $0.etag != nil }
            let deletes = outcomes.filter { $0.outcome == .won && $0.etag == nil }
            return puts.prefix(1).map(\.outcome) + deletes.prefix(1).map(\.outcome)
        }
    }

    private func delete(
        _ key: ObjectKey, version: ETag
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        let request = S3Request(.probe, .DELETE, key: key, headers: PutMode.replace(version).headers)
        return (try await outcome(request).outcome, nil)
    }

    func put(
        _ key: ObjectKey, _ text: String, mode: PutMode
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        try await outcome(
            S3Request(.probe, .PUT, key: key, headers: mode.headers, body: ByteBuffer(string: text)))
    }

    func write(_ key: ObjectKey, _ text: String) async throws(StorageError) -> ETag {
        let (_, etag) = try await put(key, text, mode: .overwrite)
        guard let etag else { throw StorageError(.badAnswer, during: .probe, detail: "a write without an ETag") }
        return etag
    }
}
