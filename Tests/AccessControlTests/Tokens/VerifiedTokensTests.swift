import Testing

@testable import AccessControl

@Suite struct VerifiedTokensTests {
    private let claims = TokenClaims(subject: "7", scopes: .read, prefixes: nil, expires: 2_000)

    private func token(_ number: Int) -> [UInt8] { Array("header.payload.signature\(number)".utf8) }

    @Test func findsTheSameBytesOnly() throws {
        let cache = VerifiedTokens()
        cache.insert(token(1), claims, generation: 1)
        #expect(cache.claims(of: token(1), generation: 1, at: 1_000) == claims)
        let text = "Bearer header.payload.signature1"
        #expect(cache.claims(of: text.dropFirst(7).utf8, generation: 1, at: 1_000) == claims)
        // Without contiguous storage.
        #expect(cache.claims(of: token(1).lazy.map { $0 }, generation: 1, at: 1_000) == claims)
        for other in [token(2), token(1) + [0], Array(token(1).dropLast()), [], Array(token(1).reversed())] {
            #expect(cache.claims(of: other, generation: 1, at: 1_000) == nil)
        }
        var changed = token(1)
        for place in changed.indices {
            changed[place] ^= 1
            #expect(cache.claims(of: changed, generation: 1, at: 1_000) == nil)
            changed[place] ^= 1
        }
    }

    /// Two tokens of one hash, as an attacker would like them: the hash finds the place, the bytes decide.
    @Test func sameHash() {
        var shard = VerifiedTokenShard(maximumEntries: 10, maximumBytes: 10_000)
        shard.insert(token(1), hash: 5, claims, generation: 1)
        let numbers = { (shard: inout VerifiedTokenShard) in
            [1, 2].filter { number in
                token(number).withUnsafeBufferPointer { shard.find($0, hash: 5, generation: 1, at: 1_000) } != nil
            }
        }
        var found = numbers(&shard)
        #expect(found == [1])
        shard.insert(token(2), hash: 5, claims, generation: 1)
        found = numbers(&shard)
        #expect(found == [2] && shard.count == 1)
    }

    @Test(arguments: [(2_029, true), (2_030, false), (2_031, false)]) func expiry(_ now: Int64, isThere: Bool) {
        let cache = VerifiedTokens()
        cache.insert(token(1), claims, generation: 1)
        #expect((cache.claims(of: token(1), generation: 1, at: now) != nil) == isThere)
        #expect(cache.count == (isThere ? 1 : 0))
        if !isThere { #expect(cache.bytes == 0) }
    }

    /// A token that was verified with keys that have changed since is neither found nor kept.
    @Test func generations() {
        let cache = VerifiedTokens()
        cache.insert(token(1), claims, generation: 1)
        #expect(cache.claims(of: token(1), generation: 2, at: 1_000) == nil && cache.count == 0 && cache.bytes == 0)
        cache.insert(token(1), claims, generation: 1)
        #expect(cache.count == 0)
        cache.insert(token(1), claims, generation: 2)
        // A request that began before the change.
        #expect(cache.claims(of: token(1), generation: 1, at: 1_000) == nil)
        #expect(cache.claims(of: token(1), generation: 2, at: 1_000) == claims)
    }

    @Test func bounds() {
        let cache = VerifiedTokens(maximumEntries: 160, maximumBytes: 1 << 20)
        for number in 0..<5_000 { cache.insert(token(number), claims, generation: 1) }
        #expect(cache.count <= 160 && cache.count > 100)
        let bytes = VerifiedTokens(maximumEntries: 1_000_000, maximumBytes: 160_000)
        for number in 0..<5_000 { bytes.insert(token(number), claims, generation: 1) }
        #expect(bytes.bytes <= 160_000 && bytes.bytes > 100_000 && bytes.count < 700)
        let none = VerifiedTokens(maximumEntries: 0)
        none.insert(token(1), claims, generation: 1)
        #expect(none.count == 0)
        // Longer than any token may be.
        cache.insert([UInt8](repeating: 65, count: (8 << 10) + 1), claims, generation: 1)
        #expect(cache.claims(of: [UInt8](repeating: 65, count: (8 << 10) + 1), generation: 1, at: 1_000) == nil)
    }

    /// What is asked for stays; what is not goes first.
    @Test func keepsWhatIsInUse() {
        var shard = VerifiedTokenShard(maximumEntries: 10, maximumBytes: 1 << 20)
        let find = { (shard: inout VerifiedTokenShard, number: Int) in
            token(number).withUnsafeBufferPointer { shard.find($0, hash: number, generation: 1, at: 1_000) } != nil
        }
        for number in 0..<10 { shard.insert(token(number), hash: number, claims, generation: 1) }
        for number in 10..<100 {
            let isThere = find(&shard, 3)
            #expect(isThere)
            shard.insert(token(number), hash: number, claims, generation: 1)
            #expect(shard.count == 10)
        }
        // The others go in the order of their coming, or nearly so: none stays for long, and the newest are there.
        let old = (0..<75).filter { find(&shard, $0) }
        let new = (95..<100).filter { find(&shard, $0) }
        #expect(old == [3] && new == Array(95..<100))
    }

    /// All that is counted is given back, in whatever order entries come and go.
    @Test func bytesAddUp() {
        var shard = VerifiedTokenShard(maximumEntries: 8, maximumBytes: 4_000)
        for _ in 0..<2_000 {
            let number = Int.random(in: 0..<30)
            let length = Int.random(in: 1..<600)
            let bytes = [UInt8](repeating: UInt8(number), count: length)
            var claims = claims
            claims.expires = Int64.random(in: 900..<1_100)
            shard.insert(bytes, hash: number, claims, generation: 1)
            _ = bytes.withUnsafeBufferPointer { shard.find($0, hash: number, generation: 1, at: 1_030) }
            #expect(shard.count <= 8 && shard.bytes <= 4_000 && (shard.bytes == 0) == (shard.count == 0))
        }
        _ = [UInt8]().withUnsafeBufferPointer { shard.find($0, hash: 0, generation: 2, at: 0) }
        #expect(shard.count == 0 && shard.bytes == 0)
    }

    @Test func manyThreads() async {
        let cache = VerifiedTokens(maximumEntries: 100, maximumBytes: 1 << 20)
        await withTaskGroup(of: Void.self) { group in
            for start in 0..<8 {
                group.addTask {
                    for number in 0..<2_000 {
                        let number = (start * 37 + number) % 300
                        cache.insert(token(number), claims, generation: 1)
                        if let found = cache.claims(of: token(number), generation: 1, at: 1_000) {
                            #expect(found == claims)
                        }
                    }
                }
            }
        }
        #expect(cache.count <= 112)
    }
}
