import TestClock
import Testing

@testable import ImageCache

@Suite("BodyShares")
struct BodySharesTests {
    @Test("If the cache is full, the shares tell which kind must give way")
    func yielding() {
        var shares = BodyShares(limit: 1000)
        #expect(shares.share(of: .original) == 250)
        #expect(shares.share(of: .rendition) == 750)
        #expect(shares.take(1000, for: .rendition) == true)
        #expect(shares.take(1, for: .original) == false)
        // Renditions use part of the originals' share. Originals may take it back until they have their whole share.
        #expect(shares.yielding(to: 250, of: .original) == [.rendition, .original])
        #expect(shares.yielding(to: 251, of: .original) == [.original, .rendition])
        shares.give(250, of: .rendition)
        #expect(shares.take(250, for: .original) == true)
        #expect(shares.yielding(to: 1, of: .original) == [.original])
        #expect(shares.yielding(to: 1, of: .rendition) == [.rendition])
        shares.give(700, of: .rendition)
        #expect(shares.take(700, for: .original) == true)
        #expect(shares.yielding(to: 1, of: .original) == [.original])
        #expect(shares.yielding(to: 1, of: .rendition) == [.original, .rendition])
    }

    @Test(
        "After any sequence of takes and gives, the limit holds and each kind gets its share",
        arguments: SeededRandom.seeds)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var shares = BodyShares(limit: 1000)
        var taken: [BodyKind: [Int]] = [.original: [], .rendition: []]
        for _ in 0..<4000 {
            let kind = BodyKind.allCases.randomElement(using: &random) ?? .original
            let bytes = Int.random(in: 0...200, using: &random)
            let other: BodyKind = kind == .original ? .rendition : .original
            while !shares.take(bytes, for: kind) {
                let isOwed = shares.used(by: kind) + bytes <= shares.share(of: kind)
                guard
                    let yielding = shares.yielding(to: bytes, of: kind).first(where: { taken[$0]?.isEmpty == false }),
                    let gone = taken[yielding]?.popLast()
                else {
                    Issue.record("no free bytes, and no kind gives way")
                    return
                }
                if isOwed { #expect(yielding == other) }
                // A kind that has no more than its share loses nothing to the other.
                if yielding == other { #expect(shares.used(by: other) > shares.share(of: other)) }
                shares.give(gone, of: yielding)
            }
            taken[kind]?.append(bytes)
            #expect(shares.used <= shares.limit)
            for kind in BodyKind.allCases { #expect(shares.used(by: kind) == taken[kind]?.reduce(0, +)) }
        }
    }
}
