import ImageAPI
import Logging
import ObjectStorage
import ServiceLifecycle

/// Reaches the store and finds out what it honours, again and again until it answers. The process is not ready before.
struct StoreStart: Service {
    let store: Store
    let readiness: Readiness
    let logger: Logger

    private static let pause = Duration.seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(StorageError) {
                    let warnings = try await store.start()
                    for warning in warnings {
                        logger.warning("the store keeps less than is asked of it", metadata: ["reason": "\(warning)"])
                    }
                    readiness.started()
                    logger.info("the store is reached")
                    break
                } catch {
                    logger.warning(
                        "the store cannot be reached yet", metadata: ["error": "\(String(reflecting: error))"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
        // A service that returns would end the group.
        try? await gracefulShutdown()
    }
}
