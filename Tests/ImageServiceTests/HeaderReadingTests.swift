import Dispatch
import ImageModel
import NIOCore
import ObjectStorage
import Testing

@testable import ImageService

/// A task of a request runs on its connection's event loop, where nothing may be computed that grows with the file.
@Suite("Headers are read away from the caller's thread")
struct HeaderReadingTests {
    /// Stands for an event loop: runs its tasks one after the other, and can be recognised.
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

    @Test("Work over more than some KiB leaves the loop, and comes back to it")
    func leavesTheLoop() async {
        let found = await Task(executorPreference: Loop()) {
            let small = await HeaderReading.run(over: 4 << 10) { Loop.isHere }
            let large = await HeaderReading.run(over: (4 << 10) + 1) { Loop.isHere }
            return [Loop.isHere, small, large, Loop.isHere]
        }.value
        #expect(found == [true, true, false, true])
    }

    @Test("Uploads, descriptions and renditions work from there all the same")
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
