import Dispatch
import ImageModel
import NIOCore
import ObjectStorage
import Testing

@testable import ImageService

/// The task of a request runs on its connection's event loop. No computation there may grow with the file.
@Suite("Headers are read on another thread than the caller's")
struct HeaderReadingTests {
    /// Acts as an event loop: it runs its tasks one after the other, and a task can tell that it runs there.
    private final class Loop: TaskExecutor {
        private static let key = DispatchSpecificKey<Bool>()
        private let queue = DispatchQueue(label: "loop")

        init() { queue.setSpecific(key: Self.key, value: true) }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }

        static var isHere: Bool { DispatchQueue.getSpecific(key: key) == true }
    }

    @Test("Work on more than a few KiB leaves the loop and returns to it")
    func leavesTheLoop() async {
        let found = await Task(executorPreference: Loop()) {
            let small = await HeaderReading.run(over: 4 << 10) { Loop.isHere }
            let large = await HeaderReading.run(over: (4 << 10) + 1) { Loop.isHere }
            return [Loop.isHere, small, large, Loop.isHere]
        }.value
        #expect(found == [true, true, false, true])
    }

    @Test("Uploads, descriptions and renditions also work from an event loop")
    func wholeWay() async throws {
        let file = try Samples.noise(.png, side: 200)
        let service = ImageService.make(MemoryStorage(partSize: 64 << 10))
        let size = try await Task(executorPreference: Loop()) {
            let path = try ImagePath(Array("a".utf8))
            _ = try await service.upload(path, file)
            let resolved = try await service.locateForRendition(path)
            let spec = ImageService.spec(RenditionRequest(width: 10), format: .png)
            _ = try await service.render(resolved, spec)
            return try await service.describe(path).image?.size
        }.value
        #expect(size == PixelSize(width: 200, height: 100))
    }
}
