import Logging
public import ObjectStorage
import TaskSupport

extension S3Storage {
    /// Prepares the store before serving: creates the bucket if ``S3Configuration/createBucket`` says so, and finds out
    /// what the store supports.
    ///
    /// - Mostly an earlier probe has left its result in the bucket: reading it takes one request.
    /// - Else the tests that take a few requests run at once. The races that tell whether conditions are atomic go on
    ///   in the background, in one replica for all, one race at a time: some stores let racers wait for seconds
    ///   (SeaweedFS retries its locks every second).
    /// - Until the races have ended, conditions are checked before the write; what the races find is logged.
    ///
    /// May be called again after it has thrown.
    ///
    /// - Throws: ``StorageError``, also for an outage.
    @discardableResult
    public func prepare() async throws(StorageError) -> ProbeReport {
        if configuration.createBucket { try await createBucket() }
        if let stored = try await storedResult() {
            traits = stored.observations.traits
            return ProbeReport(stored.observations, partSize: configuration.partSize)
        }
        let run = ProbeRun(self, isGentle: true)
        do throws(StorageError) {
            let facts = try await run.facts()
            traits = facts.traits
            probing.start { [self] in await finishProbe(run, facts) }
            return ProbeReport(facts, partSize: configuration.partSize)
        } catch {
            await cleanUp(run)
            throw error
        }
    }

    /// Finds out what the store really supports, with small objects below `.tintype/probe/`, and removes them. From
    /// then on ``capabilities`` shows the result, which is also kept in the bucket. May be called again after it has
    /// thrown.
    ///
    /// - Throws: ``StorageError``, also for an outage; then nothing is known.
    @discardableResult
    public func probe() async throws(StorageError) -> ProbeReport {
        let run = ProbeRun(self)
        let result = await attempt { () throws(StorageError) in try await run.races(after: try await run.facts()) }
        await cleanUp(run)
        let observations = try result.get()
        traits = observations.traits
        await keep(observations)
        return ProbeReport(observations, partSize: configuration.partSize)
    }

    /// Runs races until their result is known, here or from another replica.
    private func finishProbe(_ first: ProbeRun, _ facts: ProbeObservations) async {
        var run = first
        if !facts.needsRaces { await keep(facts) }
        var lease = ProbeLease(self)
        while facts.needsRaces, !Task.isCancelled {
            guard await lease.take(for: run) else {
                try? await client.clock.pause(for: .seconds(3))
                guard let stored = try? await storedResult() else { continue }
                learn(stored.observations, after: facts)
                break
            }
            let result = await attempt { [run] () throws(StorageError) in try await run.races(after: facts) }
            if case .success(let observations) = result {
                learn(observations, after: facts)
                await keep(observations)
                break
            }
            await cleanUp(run)
            try? await client.clock.pause(for: .seconds(10))
            if Task.isCancelled { return }
            run = ProbeRun(self, isGentle: true)
        }
        // A busy store may need more than one try; the sweep removes the rest.
        for pause in [0, 1, 5, 30] where pause == 0 || !Task.isCancelled {
            try? await client.clock.pause(for: .seconds(pause))
            if await cleanUp(run) { return }
        }
    }

    private func learn(_ observations: ProbeObservations, after facts: ProbeObservations) {
        traits = observations.traits
        for warning in observations.warnings where !facts.warnings.contains(warning) {
            logger.warning("the store does not support everything", metadata: ["observation": "\(warning)"])
        }
    }

    /// In a task of its own, so that a cancelled probe leaves nothing either.
    @discardableResult
    private func cleanUp(_ run: ProbeRun) async -> Bool {
        await Task { await run.cleanUp() }.value
    }
}
