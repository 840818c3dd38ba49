public import ObjectStorage

extension S3Storage {
    /// Finds out what the store really honours, by small objects of its own below `.tintype/probe/`, and removes them.
    /// From then on ``capabilities`` tells it. May be called again after it has thrown.
    ///
    /// - Throws: ``StorageError``, an outage among them; then nothing is learnt.
    @discardableResult
    public func probe() async throws(StorageError) -> ProbeReport {
        let run = ProbeRun(self)
        let result: Result<(StoreTraits, Bool), StorageError>
        do throws(StorageError) {
            result = .success(try await run.all())
        } catch {
            result = .failure(error)
        }
        // In a task of its own, so that a cancelled probe leaves nothing behind either.
        await Task { await run.cleanUp() }.value
        let (found, tellsMissingKeys) = try result.get()
        traits = found
        return ProbeReport(found, partSize: configuration.partSize, tellsMissingKeys: tellsMissingKeys)
    }
}
