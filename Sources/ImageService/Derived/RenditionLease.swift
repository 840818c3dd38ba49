import NIOCore
import ObjectStorage

/// Lets one replica render while the others wait for what it keeps: an object that only one of them can create. It is a
/// saving and no lock: a replica that has waited long enough renders all the same, and nothing is wrong then.
struct RenditionLease: Sendable {
    let objects: DerivedObjects
    /// How long a replica waits for another one.
    let patience: Duration

    var isOn: Bool { patience > .zero }

    enum Outcome: Sendable {
        /// Ours, to be released.
        case held
        /// The other one has rendered it.
        case found(GetResult)
        /// The store takes no lease.
        case without
    }

    private static let firstPause = Duration.milliseconds(20)
    private static let longestPause = Duration.milliseconds(200)

    private static let body = ByteBuffer(string: "rendering")

    private static func name(_ text: String) -> String { "lease-\(StoredImage.digest(text))" }

    /// Takes the lease, or waits for whoever holds it.
    ///
    /// - Parameter find: looks whether the rendition is there.
    /// - Throws: ``StorageError`` where the store is away, or the task is cancelled.
    func take(
        _ text: String, of version: OriginalVersion, find: () async throws(StorageError) -> GetResult?
    ) async throws(StorageError) -> Outcome {
        let name = Self.name(text)
        let deadline = ContinuousClock.now + patience
        var pause = Self.firstPause
        while true {
            switch await objects.put(Self.body, as: name, of: version, contentType: "text/plain") {
            case .kept:
                // The one before may have kept it and gone since it was looked for.
                guard let got = try await find() else { return .held }
                await objects.remove(name, of: version)
                return .found(got)
            case .failed: return .without
            case .existed: break
            }
            // Whoever holds it has died, or is slow: it is taken over.
            guard ContinuousClock.now < deadline else { return .held }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw StorageError(.cancelled, during: .get, cause: error)
            }
            pause = min(pause * 2, Self.longestPause)
            if let got = try await find() { return .found(got) }
        }
    }

    func release(_ text: String, of version: OriginalVersion) async {
        await objects.remove(Self.name(text), of: version)
    }
}
