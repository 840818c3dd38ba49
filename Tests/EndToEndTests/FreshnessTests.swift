import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
    @Suite("Three replicas on one SeaweedFS, under load", .serialized)
    struct FreshnessTests {
        private static let bound = Duration.seconds(2)

        @Test("Each replica serves writes of the others within the bound; no read is older, and none mixes versions")
        func bound() async throws {
            let bucket = try await SeaweedBucket()
            let settings = bucket.environment.merging(
                ["CACHE_REVALIDATE_SECONDS": "\(Self.bound.components.seconds)"]) { $1 }
            var servers: [TintypeServer] = []
            for _ in 0..<3 { servers.append(try await TintypeServer.start(settings)) }
            let replicas = servers
            let pictures = try Pictures.Corner.allCases.map { ($0, try Pictures.jpeg(brightestAt: $0)) }
            let timelines = (0..<6).map { Timeline(path: "fresh/\($0).jpg") }
            for timeline in timelines { try await write(timeline, 0, pictures, to: replicas) }

            let isOver = NIOLockedValueBox(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for reader in 0..<24 {
                    group.addTask {
                        while !isOver.withLockedValue({ $0 }) {
                            let timeline = timelines[Int.random(in: 0..<timelines.count)]
                            try await read(timeline, rendition: reader < 12, replicas, at: reader % replicas.count)
                        }
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for (index, timeline) in timelines.enumerated() {
                        writers.addTask {
                            // Some paths change several times within the bound, and some are unchanged for longer than
                            // the bound.
                            for number in 1...(index < 3 ? 12 : 3) {
                                try await Task.sleep(for: .milliseconds(index < 3 ? 700 : 2800))
                                try await write(timeline, number, pictures, to: replicas)
                            }
                        }
                    }
                    try await writers.waitForAll()
                }
                // After this all replicas know the last write.
                try await Task.sleep(for: Self.bound)
                for timeline in timelines {
                    for replica in replicas.indices {
                        let last = try #require(timeline.allowed(at: replica, sent: .now, bound: Self.bound).last)
                        #expect(try await HTTP.get(replicas[replica].image(timeline.path)).bytes == last.bytes)
                    }
                }
                isOver.withLockedValue { $0 = true }
                try await group.waitForAll()
            }
            #expect(timelines.map(\.count) == [13, 13, 13, 4, 4, 4])
        }

        /// Replaces the image through one of the servers, each time through another one.
        private func write(
            _ timeline: Timeline, _ number: Int, _ pictures: [(Pictures.Corner, [UInt8])], to replicas: [TintypeServer]
        ) async throws {
            let (corner, file) = pictures[number % pictures.count]
            let bytes = try Pictures.extended(file, to: 30_000 + number * 100, seed: UInt64(2 * number + 1))
            let replica = number % replicas.count
            timeline.begin(bytes, corner, at: replica)
            let answer = try await HTTP.put(replicas[replica].image(timeline.path), bytes)
            #expect(answer.status == (number == 0 ? 201 : 200), "\(answer.text)")
            timeline.acknowledge()
        }

        private func read(
            _ timeline: Timeline, rendition: Bool, _ replicas: [TintypeServer], at replica: Int
        ) async throws {
            let sent = ContinuousClock.now
            let answer = try await HTTP.get(replicas[replica].image(timeline.path, rendition ? "w=48&format=jpeg" : ""))
            let allowed = timeline.allowed(at: replica, sent: sent, bound: Self.bound)
            #expect(answer.status == 200, "\(answer.text)")
            let isOneOfThem: Bool
            if rendition {
                let corner = try Pictures.corner(of: answer.bytes)
                isOneOfThem = allowed.contains { $0.corner == corner }
            } else {
                isOneOfThem = allowed.contains { $0.bytes == answer.bytes }
            }
            #expect(isOneOfThem, "\(timeline.path) at \(replica): \(answer.headers), \(allowed.count) were allowed")
        }
    }
}
