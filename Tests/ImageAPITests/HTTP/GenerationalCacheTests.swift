import Testing

@testable import ImageAPI

@Suite("Cache of two generations")
struct GenerationalCacheTests {
    @Test func theCacheStaysWithinItsBytesAndKeepsUsedEntries() {
        var cache = GenerationalCache<Int, String>(bytes: 1_000)
        cache.set(-1, "used", bytes: 10)
        for key in 0..<1_000 {
            cache.set(key, "\(key)", bytes: 1 + key % 90)
            #expect(cache.bytes <= 1_000)
            #expect(cache.value(for: -1) == "used")
            #expect(cache.value(for: key) == "\(key)")
        }
        #expect(cache.value(for: 0) == nil)
    }
}
