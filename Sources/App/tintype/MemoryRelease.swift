import ImageCodecs
import ServiceLifecycle

/// Gives free memory back to the system every ten seconds. Between what stays for long, the files in the cache, codecs
/// leave holes that glibc keeps for good: resident memory would grow for half an hour, by a sixth (docs/benchmarks.md).
/// That takes some milliseconds. glibc locks each arena meanwhile, so a thread that needs this arena waits.
struct MemoryRelease: Service {
    private static let interval = Duration.seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { FreeMemory.release() }
        }
    }
}
