import NIOCore
import NIOHTTP1
import ObjectStorage

extension ProbeRun {
    /// Races writes that create only, then writes that replace one version.
    func putSupport() async throws(StorageError) -> ConditionSupport {
        var creating = RaceVerdict()
        var replacing = RaceVerdict()
        for round in 0..<Self.rounds {
            let key = try key("put/\(round)")
            let created = try await race { number throws(StorageError) in
                try await self.put(key, "created \(number)", mode: .createOnly)
            }
            creating.add(created.map(\.outcome))
            let etag = try await currentETag(of: key)
            let replaced = try await race { number throws(StorageError) in
                try await self.put(key, "replaced \(round) \(number)", mode: .replace(etag))
            }
            replacing.add(replaced.map(\.outcome))
            if creating.support == .ignored || creating.support == .refused { break }
        }
        return creating.support.worse(replacing.support)
    }

    /// A delete of another version must be refused, and of a delete and a replacement of one version one may happen.
    func deleteSupport() async throws(StorageError) -> ConditionSupport {
        var verdict = RaceVerdict()
        for round in 0..<Self.rounds {
            let key = try key("delete/\(round)")
            let old = try await write(key, "first \(round)")
            let etag = try await write(key, "second \(round)")
            let wrong = try await outcome(S3Request(.probe, .DELETE, key: key, headers: PutMode.replace(old).headers))
            if wrong.outcome == .refused { return .refused }
            if wrong.outcome == .won { return .ignored }

            let outcomes = try await race { number throws(StorageError) in
                number % 2 == 0
                    ? try await self.outcome(
                        S3Request(.probe, .DELETE, key: key, headers: PutMode.replace(etag).headers))
                    : try await self.put(key, "third \(number)", mode: .replace(etag))
            }
            // A put answers with an ETag, a delete without one. Several deletes that say yes are one delete.
            let puts = outcomes.filter { $0.outcome == .won && $0.etag != nil }
            let deletes = outcomes.filter { $0.outcome == .won && $0.etag == nil }
            let winners = puts.map(\.outcome) + deletes.prefix(1).map(\.outcome)
            verdict.add(winners + [.lost])
        }
        return verdict.support
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

    func currentETag(of key: ObjectKey) async throws(StorageError) -> ETag {
        try await storage.head(key, during: .probe, until: deadline).etag
    }
}
