import ImageCodecs
import ServiceLifecycle

/// Returns free memory to the system every ten seconds. Codecs leave holes between long-lived memory, the files in the
/// cache, and glibc never returns them: resident memory would grow for half an hour, by a sixth (docs/benchmarks.md).
/// This takes some milliseconds. glibc locks each arena meanwhile, so a thread that needs this arena waits.
struct MemoryRelease: Service {
    private static let interval = Duration.seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { FreeMemory.release() }
        }
    }
}
