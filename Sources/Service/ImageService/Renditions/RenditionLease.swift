import NIOCore
import ObjectStorage
import TaskSupport

/// Lets one replica render while the others wait for its result: an object that only one of them can create. It saves
/// work and is not a lock: a replica that has waited long enough renders as well, and the result is still right.
struct RenditionLease: Sendable {
    let objects: DerivedObjects
    /// How long a replica waits for another one.
    let timeout: Duration

    var isOn: Bool { timeout > .zero }

    enum Outcome: Sendable {
        /// The lease is ours, and must be released.
        case held
        /// Another replica has rendered it.
        case found(GetResult)
        /// The store did not take the lease.
        case without
    }

    private static let firstPause = Duration.milliseconds(20)
    private static let longestPause = Duration.milliseconds(200)

    /// How the names of leases begin.
    static let kind = "lease-"

    private static func name(_ text: String) -> String { kind + StoredImage.digest(text) }

    /// Takes the lease, or waits for its holder.
    ///
    /// - Parameter find: looks whether the rendition is there.
    /// - Throws: ``StorageError`` if the store is away, or the task is cancelled.
    func take(
        _ text: String, of version: OriginalVersion, find: () async throws(StorageError) -> GetResult?
    ) async throws(StorageError) -> Outcome {
        // Each try writes its own mark, by which it recognises its lease if the answer was lost.
        let mark = WriteID.random()
        let deadline = objects.clock.now() + timeout
        var pause = Self.firstPause
        while true {
            switch await put(mark, text, version) {
            case .stored:
                do throws(StorageError) {
                    // The previous holder may have stored it and released the lease since the last look.
                    guard let got = try await find() else { return .held }
                    release(text, of: version)
                    return .found(got)
                } catch {
                    release(text, of: version)
                    throw error
                }
            case .failed: return .without
            case .existed: break
            }
            // The holder has died, or is slow: this replica renders too.
            guard objects.clock.now() < deadline else { return .held }
            do {
                try await objects.clock.pause(for: pause)
            } catch {
                throw StorageError(.cancelled, during: .get, cause: error)
            }
            pause = min(pause * 2, Self.longestPause)
            if let got = try await find() { return .found(got) }
        }
    }

    /// Releases it in the background.
    func release(_ text: String, of version: OriginalVersion) {
        objects.tasks.start { await objects.remove(Self.name(text), of: version) }
    }

    /// Completed even if the caller leaves: others would wait for a lease that nobody knows of.
    private func put(
        _ mark: WriteID, _ text: String, _ version: OriginalVersion
    ) async -> DerivedObjects.StoreOutcome {
        let name = Self.name(text)
        let outcome = await Task(executorPreference: RequestExecutor.executor) {
            await objects.claim(name, with: mark, of: version)
        }.value
        if outcome == .stored, Task.isCancelled {
            release(text, of: version)
            return .failed
        }
        return outcome
    }
}
