import Logging
public import ObjectStorage
import TaskSupport

extension S3Storage {
    /// What is to be done before serving: creates the bucket where ``S3Configuration/createBucket`` asks for it, and
    /// finds out what the store honours. Mostly an earlier probe has left its verdict in the bucket, which one question
    /// brings. Else what takes a few requests is probed at once, and the races that tell whether conditions are atomic
    /// go on behind it, by one replica for all and one race at a time, since some stores keep racers waiting for
    /// seconds (SeaweedFS retries its locks every second). Until they have ended the cautious way is taken, and what
    /// they find is logged. May be called again after it has thrown.
    ///
    /// - Throws: ``StorageError``, an outage among them.
    @discardableResult
    public func prepare() async throws(StorageError) -> ProbeReport {
        if configuration.createBucket { try await createBucket() }
        if let verdict = try await storedResult() {
            traits = verdict.findings.traits
            return ProbeReport(verdict.findings, partSize: configuration.partSize)
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

    /// Finds out what the store really honours, by small objects of its own below `.tintype/probe/`, and removes them.
    /// From then on ``capabilities`` tells it, and what was found is kept in the bucket. May be called again after it
    /// has thrown.
    ///
    /// - Throws: ``StorageError``, an outage among them; then nothing is learnt.
    @discardableResult
    public func probe() async throws(StorageError) -> ProbeReport {
        let run = ProbeRun(self)
        let result = await attempt { () throws(StorageError) in try await run.races(after: try await run.facts()) }
        await cleanUp(run)
        let findings = try result.get()
        traits = findings.traits
        await keep(findings)
        return ProbeReport(findings, partSize: configuration.partSize)
    }

    /// Races until it is known how they end, or another replica has found it out.
    private func finishProbe(_ first: ProbeRun, _ facts: ProbeObservations) async {
        var run = first
        if !facts.needsRaces { await keep(facts) }
        var lease = ProbeLease(self)
        while facts.needsRaces, !Task.isCancelled {
            guard await lease.take(for: run) else {
                try? await client.clock.pause(for: .seconds(3))
                guard let verdict = try? await storedResult() else { continue }
                learn(verdict.findings, after: facts)
                break
            }
            let result = await attempt { [run] () throws(StorageError) in try await run.races(after: facts) }
            if case .success(let findings) = result {
                learn(findings, after: facts)
                await keep(findings)
                break
            }
            await cleanUp(run)
            try? await client.clock.pause(for: .seconds(10))
            if Task.isCancelled { return }
            run = ProbeRun(self, isGentle: true)
        }
        // A store that is busy may need more than one try; what is left then is the sweep's.
        for pause in [0, 1, 5, 30] where pause == 0 || !Task.isCancelled {
            try? await client.clock.pause(for: .seconds(pause))
            if await cleanUp(run) { return }
        }
    }

    private func learn(_ findings: ProbeObservations, after facts: ProbeObservations) {
        traits = findings.traits
        for warning in findings.warnings where !facts.warnings.contains(warning) {
            logger.warning("the store does not keep all promises", metadata: ["finding": "\(warning)"])
        }
    }

    /// In a task of its own, so that a probe which is cancelled leaves nothing behind either.
    @discardableResult
    private func cleanUp(_ run: ProbeRun) async -> Bool {
        await Task { await run.cleanUp() }.value
    }
}
