import HTTPRequests
import NIOConcurrencyHelpers
import NIOHTTP1
import ObjectStorage
import TaskSupport
import TextCoding

/// One run of the probe: its key prefix, the objects and uploads that it has made, and the single tests.
final class ProbeRun: Sendable {
    static let folder = "probe/"
    /// Requests that race with each other.
    static let racers = 8
    /// Races of one kind. On a store that is not atomic, two win in some races only.
    static let rounds = 6

    let storage: S3Storage
    /// Whether the races run one after the other, because the server has readers and writers to serve.
    private let isGentle: Bool
    private let name = Hexadecimal.random(bytes: 8)
    /// What a request under way has, once the process is told to end.
    private static let grace = Duration.seconds(3)
    private let used = NIOLockedValueBox<Set<ObjectKey>>([])

    init(_ storage: S3Storage, isGentle: Bool = false) {
        self.storage = storage
        self.isGentle = isGentle
    }

    /// For each request: some stores keep racers waiting for one another.
    var deadline: ContinuousClock.Instant { storage.client.clock.now() + storage.client.timeout * 2 }

    /// What can be found without races. Independent questions are asked at the same time.
    func facts() async throws(StorageError) -> ProbeObservations {
        var observations = ProbeObservations()
        observations.tellsMissingKeys = try await tellsMissingKeys()
        async let put = attempt { () throws(StorageError) in try await self.putFacts() }
        async let complete = attempt { () throws(StorageError) in try await self.completeFacts() }
        async let delete = attempt { () throws(StorageError) in try await self.deleteFacts() }
        async let listing = attempt { () throws(StorageError) in try await self.listingFacts() }
        let answers = await (put, complete, delete, listing)
        observations.put = try answers.0.get()
        (observations.complete, observations.completeTellsETag) = try answers.1.get()
        observations.delete = try answers.2.get()
        (observations.listsInByteOrder, observations.plusIsSpace) = try answers.3.get()
        return observations
    }

    /// Runs the races that are still needed.
    func races(after facts: ProbeObservations) async throws(StorageError) -> ProbeObservations {
        let outcomes = try values(
            await attempts(3, oneByOne: isGentle) { kind throws(StorageError) in
                switch kind {
                case 0: facts.put.needsRaces ? try await self.putRaces() : []
                case 1: facts.complete.needsRaces ? try await self.completeRaces() : []
                default: facts.delete.needsRaces ? try await self.deleteRaces() : []
                }
            })
        var observations = facts
        for race in outcomes[0] { observations.put.addRace(race) }
        for race in outcomes[1] { observations.complete.addRace(race) }
        for race in outcomes[2] { observations.delete.addRace(race) }
        return observations
    }

    /// A key of this run, to be removed at its end.
    func key(_ path: String) throws(StorageError) -> ObjectKey {
        let key = try S3Storage.ownKey("\(Self.folder)\(name)/\(path)", during: .probe)
        used.withLockedValue { _ = $0.insert(key) }
        return key
    }

    /// Another object to remove with those of the run.
    func adopt(_ key: ObjectKey) {
        used.withLockedValue { _ = $0.insert(key) }
    }

    /// Removes every upload and object of this run, within a few seconds: the process may be about to end. What remains
    /// is left to another call, or to the sweep.
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
                        guard storage.meansMissing(error) else { return }
                    }
                    used.withLockedValue { _ = $0.remove(key) }
                }
            }
        }
        return begun?.isEmpty == true && used.withLockedValue { $0.isEmpty }
    }

    /// Sends a request with a condition and returns the outcome.
    func outcome(
        _ request: S3Request
    ) async throws(StorageError) -> (outcome: RaceOutcome, etag: ETag?) {
        do throws(S3RequestError) {
            let answer = try await sendUncut(request)
            if let error = ErrorDocument(answer.body) {
                throw S3RequestError(kind: .errorAnswer(S3Error(status: 200, code: error.code)), operation: .probe)
            }
            // For a completed upload, the ETag is in the body.
            let document = try? S3Document.decode(CompletedUploadDocument.self, from: answer.body)
            let etag = document?.etag ?? answer.headers.first(name: "etag")
            return (.won, etag.flatMap { ETag(header: $0) })
        } catch {
            return (try Self.judge(error), nil)
        }
    }

    /// Once a write has left, the end of the process does not cut it for some seconds: cut, it could land behind the
    /// clean-up, and its object would stay.
    private func sendUncut(_ request: S3Request) async throws(S3RequestError) -> S3Answer {
        if Task.isCancelled { throw S3RequestError(kind: .cancelled, operation: request.operation) }
        let client = storage.client
        let sending = Task { [deadline] () -> Result<S3Answer, S3RequestError> in
            do throws(S3RequestError) {
                return .success(try await client.send(request, until: deadline))
            } catch {
                return .failure(error)
            }
        }
        let result = await withTaskCancellationHandler {
            await sending.value
        } onCancel: {
            _ = client.deadlines.alarms.set(at: client.clock.now() + Self.grace) { sending.cancel() }
        }
        return try result.get()
    }

    private static func judge(_ requestError: S3RequestError) throws(StorageError) -> RaceOutcome {
        let error = requestError.storageError
        switch error.code {
        case .preconditionFailed, .conflict, .notFound: return .lost
        case .unsupported: return .rejected
        // Some stores reject an unknown header as an invalid argument.
        case .badAnswer where requestError.s3Error?.status == 400: return .rejected
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
        } catch  where storage.meansMissing(error) {
            return true
        } catch  where error.s3Error?.status == 403 && error.s3Error?.code == "AccessDenied" {
            return false
        } catch {
            throw error.storageError
        }
    }
}

/// The result or error of a call, as a value that crosses tasks with its type.
func attempt<Success: Sendable>(
    _ body: @Sendable () async throws(StorageError) -> Success
) async -> Result<Success, StorageError> {
    do {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

/// The results or errors of several calls, in their order. They run at the same time. If they must run one by one, the
/// first error ends them.
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

/// The values of all results; throws the first error.
func values<Success>(_ results: [Result<Success, StorageError>]) throws(StorageError) -> [Success] {
    var values: [Success] = []
    for result in results { values.append(try result.get()) }
    return values
}
