import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ObjectStorage

/// One run of the probe: its corner of the keys, what it has left there, and the single findings.
final class ProbeRun: Sendable {
    static let folder = "probe/"
    /// Requests that race for one thing.
    static let racers = 8
    /// Races of one kind. A store that is not atomic lets two win in some races only.
    static let rounds = 6

    let storage: S3Storage
    private let name = Hashing.hex((0..<8).map { _ in UInt8.random(in: .min ... .max) })
    private let used = NIOLockedValueBox<Set<ObjectKey>>([])
    let deadline: NIODeadline

    init(_ storage: S3Storage) {
        self.storage = storage
        // A probe is a few dozen requests, one after the other on a slow line.
        deadline = .now() + storage.client.timeout * 2
    }

    /// What shows without races, the independent questions at the same time.
    func facts() async throws(StorageError) -> ProbeFindings {
        var findings = ProbeFindings()
        findings.tellsMissingKeys = try await tellsMissingKeys()
        async let put = attempt { () throws(StorageError) in try await self.putFacts() }
        async let complete = attempt { () throws(StorageError) in try await self.completeFacts() }
        async let delete = attempt { () throws(StorageError) in try await self.deleteFacts() }
        async let listing = attempt { () throws(StorageError) in try await self.listingFacts() }
        let answers = await (put, complete, delete, listing)
        findings.put = try answers.0.get()
        (findings.complete, findings.completeTellsETag) = try answers.1.get()
        findings.delete = try answers.2.get()
        (findings.listsInByteOrder, findings.plusIsSpace) = try answers.3.get()
        return findings
    }

    /// The races that are still to be run, all kinds at the same time.
    func races(after facts: ProbeFindings) async throws(StorageError) -> ProbeFindings {
        var findings = facts
        async let put = attempt { () throws(StorageError) in
            facts.put.needsRaces ? try await self.putRaces() : []
        }
        async let complete = attempt { () throws(StorageError) in
            facts.complete.needsRaces ? try await self.completeRaces() : []
        }
        async let delete = attempt { () throws(StorageError) in
            facts.delete.needsRaces ? try await self.deleteRaces() : []
        }
        let outcomes = await (put, complete, delete)
        for race in try outcomes.0.get() { findings.put.addRace(race) }
        for race in try outcomes.1.get() { findings.complete.addRace(race) }
        for race in try outcomes.2.get() { findings.delete.addRace(race) }
        return findings
    }

    /// A key of this run, to be removed at its end.
    func key(_ path: String) throws(StorageError) -> ObjectKey {
        let key = try S3Storage.ownKey("\(Self.folder)\(name)/\(path)", during: .probe)
        used.withLockedValue { _ = $0.insert(key) }
        return key
    }

    /// Removes every upload and object of this run. What cannot be removed soon is left to the sweep: the process may be
    /// about to end.
    func cleanUp() async {
        let deadline = min(storage.client.deadline(), .now() + .seconds(3))
        // Those that were begun, and whose answer was lost.
        let prefix = Array("\(S3Storage.ownPrefix)\(Self.folder)\(name)/".utf8)
        let begun = (try? await storage.uploads(prefix: prefix, until: deadline)) ?? []
        for upload in begun { try? await storage.abortUpload(upload.id, of: upload.key, until: deadline) }
        let keys = used.withLockedValue { $0 }
        await withTaskGroup { group in
            for key in keys {
                group.addTask { [storage] in
                    _ = try? await storage.client.send(S3Request(.probe, .DELETE, key: key), until: deadline)
                }
            }
        }
    }

    /// Sends a request with a condition and says how it came out.
    func outcome(
        _ request: S3Request
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        do throws(S3Failure) {
            let answer = try await storage.client.send(request, until: deadline)
            if let error = ErrorDocument(answer.body) {
                throw S3Failure(kind: .fault(S3Fault(status: 200, code: error.code)), operation: .probe)
            }
            // A completed upload tells its ETag in the body.
            let document = try? S3Document.decode(CompletedUploadDocument.self, from: answer.body)
            let etag = document?.etag ?? answer.headers.first(name: "etag")
            return (.won, etag.flatMap { ETag(header: $0) })
        } catch {
            return (try Self.judge(error), nil)
        }
    }

    private static func judge(_ failure: S3Failure) throws(StorageError) -> RaceOutcome {
        let error = failure.storageError
        switch error.code {
        case .preconditionFailed, .conflict, .notFound: return .lost
        case .unsupported: return .refused
        // Some stores call a header they do not know an invalid argument.
        case .badAnswer where failure.fault?.status == 400: return .refused
        default: throw error
        }
    }

    /// Starts `count` requests at once.
    func race(
        _ count: Int = ProbeRun.racers,
        _ racer: @escaping @Sendable (Int) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?)
    ) async throws(StorageError) -> [(outcome: RaceOutcome, etag: ETag?)] {
        let results = await withTaskGroup { group in
            for number in 0..<count {
                group.addTask { await attempt { () throws(StorageError) in try await racer(number) } }
            }
            var results: [Result<(outcome: RaceOutcome, etag: ETag?), StorageError>] = []
            for await result in group { results.append(result) }
            return results
        }
        var outcomes: [(outcome: RaceOutcome, etag: ETag?)] = []
        for result in results { outcomes.append(try result.get()) }
        return outcomes
    }

    /// Runs all rounds of one kind at once, each on a key of its own: a store that keeps racers waiting for one another
    /// is slow in each, and the server is not to wait for their sum.
    func rounds(
        _ round: @escaping @Sendable (Int) async throws(StorageError) -> [RaceOutcome]
    ) async throws(StorageError) -> [[RaceOutcome]] {
        let results = await withTaskGroup { group in
            for number in 0..<Self.rounds {
                group.addTask { await attempt { () throws(StorageError) in try await round(number) } }
            }
            var results: [Result<[RaceOutcome], StorageError>] = []
            for await result in group { results.append(result) }
            return results
        }
        var rounds: [[RaceOutcome]] = []
        for result in results { rounds.append(try result.get()) }
        return rounds
    }

    private func tellsMissingKeys() async throws(StorageError) -> Bool {
        let missing = try key("missing")
        do throws(S3Failure) {
            _ = try await storage.client.send(S3Request(.probe, .GET, key: missing), until: deadline)
            return true
        } catch  where storage.failureMeansMissing(error) {
            return true
        } catch  where error.fault?.status == 403 && error.fault?.code == "AccessDenied" {
            return false
        } catch {
            throw error.storageError
        }
    }
}

/// What a call gives or throws, as a value that may cross tasks with its type.
func attempt<Success: Sendable>(
    _ body: @Sendable () async throws(StorageError) -> Success
) async -> Result<Success, StorageError> {
    do {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}
