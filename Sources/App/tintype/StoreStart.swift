import ImageAPI
import Logging
import ObjectStorage
import ServiceLifecycle

/// Tries again and again to reach the store and find out what it supports. The process is not ready before that.
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
                    logger.info("connected to the store")
                    break
                } catch {
                    logger.warning(
                        "the store cannot be reached yet", metadata: ["error": "\(String(reflecting: error))"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
        // If a service returned, the group would end.
        try? await gracefulShutdown()
    }
}
