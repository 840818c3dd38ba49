import NIOConcurrencyHelpers
import NIOHTTP1
import ObjectStorage
import TaskSupport

/// One run of the probe: its corner of the keys, what it has left there, and the single findings.
final class ProbeRun: Sendable {
    static let folder = "probe/"
    /// Requests that race for one thing.
    static let racers = 8
    /// Races of one kind. A store that is not atomic lets two win in some races only.
    static let rounds = 6

    let storage: S3Storage
    /// Whether the races are run one after the other, beside a server that has readers and writers to serve.
    private let isGentle: Bool
    private let name = Hexadecimal.random(bytes: 8)
    private let used = NIOLockedValueBox<Set<ObjectKey>>([])

    init(_ storage: S3Storage, isGentle: Bool = false) {
        self.storage = storage
        self.isGentle = isGentle
    }

    /// For each request: some stores keep racers waiting for one another.
    var deadline: ContinuousClock.Instant { storage.client.clock.now() + storage.client.timeout * 2 }

    /// What shows without races, the independent questions at the same time.
    func facts() async throws(StorageError) -> ProbeObservations {
        var findings = ProbeObservations()
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

    /// The races that are still to be run.
    func races(after facts: ProbeObservations) async throws(StorageError) -> ProbeObservations {
        let outcomes = try values(
            await attempts(3, oneByOne: isGentle) { kind throws(StorageError) in
                switch kind {
                case 0: facts.put.needsRaces ? try await self.putRaces() : []
                case 1: facts.complete.needsRaces ? try await self.completeRaces() : []
                default: facts.delete.needsRaces ? try await self.deleteRaces() : []
                }
            })
        var findings = facts
        for race in outcomes[0] { findings.put.addRace(race) }
        for race in outcomes[1] { findings.complete.addRace(race) }
        for race in outcomes[2] { findings.delete.addRace(race) }
        return findings
    }

    /// A key of this run, to be removed at its end.
    func key(_ path: String) throws(StorageError) -> ObjectKey {
        let key = try S3Storage.ownKey("\(Self.folder)\(name)/\(path)", during: .probe)
        used.withLockedValue { _ = $0.insert(key) }
        return key
    }

    /// An object beside the run's own that is to be removed with them.
    func adopt(_ key: ObjectKey) {
        used.withLockedValue { _ = $0.insert(key) }
    }

    /// Removes every upload and object of this run, within a few seconds: the process may be about to end. What cannot
    /// be removed by then is left to another call, or to the sweep.
    ///
    /// - Returns: whether nothing is left.
    func cleanUp() async -> Bool {
        let deadline = min(storage.client.deadline(), storage.client.clock.now() + .seconds(3))
        // Those that were begun, and whose answer was lost.
        let prefix = Array("\(S3Storage.ownPrefix)\(Self.folder)\(name)/".utf8)
        let begun = try? await storage.uploads(prefix: prefix, until: deadline)
        for upload in begun ?? [] { try? await storage.abortUpload(upload.id, of: upload.key, until: deadline) }
        let keys = used.withLockedValue { $0 }
        await withTaskGroup { group in
            for key in keys {
                group.addTask { [storage, used] in
                    do throws(S3RequestError) {
                        _ = try await storage.client.send(S3Request(.probe, .DELETE, key: key), until: deadline)
                    } catch {
                        guard storage.failureMeansMissing(error) else { return }
                    }
                    used.withLockedValue { _ = $0.remove(key) }
                }
            }
        }
        return begun?.isEmpty == true && used.withLockedValue { $0.isEmpty }
    }

    /// Sends a request with a condition and says how it came out.
    func outcome(
        _ request: S3Request
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        do throws(S3RequestError) {
            let answer = try await storage.client.send(request, until: deadline)
            if let error = ErrorDocument(answer.body) {
                throw S3RequestError(kind: .fault(S3Error(status: 200, code: error.code)), operation: .probe)
            }
            // A completed upload tells its ETag in the body.
            let document = try? S3Document.decode(CompletedUploadDocument.self, from: answer.body)
            let etag = document?.etag ?? answer.headers.first(name: "etag")
            return (.won, etag.flatMap { ETag(header: $0) })
        } catch {
            return (try Self.judge(error), nil)
        }
    }

    private static func judge(_ failure: S3RequestError) throws(StorageError) -> RaceOutcome {
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
        try values(await attempts(count, racer))
    }

    /// Runs all rounds of one kind, each on a key of its own.
    func rounds(
        _ round: @escaping @Sendable (Int) async throws(StorageError) -> [RaceOutcome]
    ) async throws(StorageError) -> [[RaceOutcome]] {
        try values(await attempts(Self.rounds, oneByOne: isGentle, round))
    }

    private func tellsMissingKeys() async throws(StorageError) -> Bool {
        let missing = try key("missing")
        do throws(S3RequestError) {
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

/// What so many calls give or throw, in their order. They run at the same time, unless they are to go one by one: then
/// the first one that throws is the last.
func attempts<Success: Sendable>(
    _ count: Int, oneByOne: Bool = false,
    _ body: @escaping @Sendable (Int) async throws(StorageError) -> Success
) async -> [Result<Success, StorageError>] {
    await withTaskGroup { group in
        var results: [Int: Result<Success, StorageError>] = [:]
        for number in 0..<count {
            group.addTask { (number, await attempt { () throws(StorageError) in try await body(number) }) }
            guard oneByOne, let (number, result) = await group.next() else { continue }
            results[number] = result
            if case .failure = result { break }
        }
        for await (number, result) in group { results[number] = result }
        return (0..<count).compactMap { results[$0] }
    }
}

/// What all of them have given; throws what the first one has thrown that did.
func values<Success>(_ results: [Result<Success, StorageError>]) throws(StorageError) -> [Success] {
    var values: [Success] = []
    for result in results { values.append(try result.get()) }
    return values
}
