import Admission
import ImageCodecs
import ImageModel
import TaskSupport
import Testing

@testable import ImageService

@Suite("Permits for long work", .timeLimit(.minutes(1)))
struct CodecAdmissionTests {
    /// Thirty large PNGs with a tiny picture once held every thread, and all other clients waited for 5.7 s.
    @Test("Long work takes no permit from short work, and waits for its own permits")
    func longWork() async throws {
        let permits = CodecAdmission(
            threads: 1, memoryBytes: 1 << 30, queueLimit: 10, timeout: .seconds(60), clock: .continuous)
        let deadline = ContinuousClock.now + .seconds(60)
        let long = CodecWork(file: 12 << 20)
        let short = CodecWork(file: 100_000)
        #expect(long.cost > CodecAdmission.longWork && short.cost <= CodecAdmission.longWork)

        var held = [CodecAdmission.Permit]()
        held.append(try await permits.acquire(long, for: .ipv4(1), deadline: deadline))
        let areLong = held.allSatisfy { $0.isLong }
        #expect(areLong)
        let second = Task { try await permits.acquire(long, for: .ipv4(1), deadline: deadline).isLong }
        while permits.waiting == 0, !Task.isCancelled { await Task.yield() }

        for _ in 0..<2 {
            let permit = try await permits.acquire(short, for: .ipv4(2), deadline: deadline)
            #expect(!permit.isLong)
            held.append(permit)
        }
        #expect(permits.waiting == 1)
        held[0].release()
        #expect(try await second.value)
        #expect(permits.waiting == 0)
    }

    @Test("A task that is cancelled while it waits for a long permit holds nothing")
    func givesUp() async throws {
        let permits = CodecAdmission(
            threads: 1, memoryBytes: 1 << 30, queueLimit: 10, timeout: .seconds(60), clock: .continuous)
        let deadline = ContinuousClock.now + .seconds(60)
        let long = CodecWork(file: 12 << 20)
        let held = try await permits.acquire(long, for: .ipv4(1), deadline: deadline)
        let second = Task { try await permits.acquire(long, for: .ipv4(1), deadline: deadline) }
        while permits.waiting == 0, !Task.isCancelled { await Task.yield() }
        second.cancel()
        await #expect(throws: AdmissionRejection.cancelled) { _ = try await second.value }
        #expect(permits.waiting == 0)
        held.release()
        let again = try await permits.acquire(long, for: .ipv4(1), deadline: deadline)
        again.release()
    }

    /// Such a picture once counted as all memory. Everybody waited until no other work was running, and then the
    /// response was only a 422.
    @Test("A picture that is too large to decode delays nobody")
    func tooLarge() throws {
        let info = ImageInfo(format: .png, size: PixelSize(width: 1 << 30, height: 1 << 30))
        let spec = RenditionSpec(width: 100, height: nil, fit: .scaleDown, format: .jpeg, quality: 80)
        let work = CodecWork(file: 1_000, info, of: nil, spec, limits: CodecLimits())
        #expect(work.cost == 1_000 && work.load == 1_000)
    }
}
