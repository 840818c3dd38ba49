import Glibc

/// Everything that can be requested: renditions first, then originals. A key is an index into this list.
struct Catalogue {
    static let renditions = 120_000
    static let originals = 20_000
    static var count: Int { renditions + originals }

    let sizes: [Int]

    init(seed: UInt64) {
        var random = Seeded(state: seed)
        // Renditions: 20 KB on average. Originals: 200 KB to 4 MiB, 890 KB on average.
        sizes =
            (0..<Self.renditions).map { _ in max(1000, Int(exp(log(16_700) + 0.6 * random.normal()))) }
            + (0..<Self.originals).map { _ in
                min(max(200_000, Int(exp(log(700_000) + 0.7 * random.normal()))), 4 << 20)
            }
    }

    static func isOriginal(_ key: Int) -> Bool { key >= renditions }
}

/// Keys in the order of the requests.
struct Trace {
    var name: String
    var keys: [Int]

    /// One request in ten is for an original.
    static let originalsOneIn = 10

    /// Requests by popularity, independent of each other. With `crawling`, a crawler is active half of the time and
    /// makes every second request then: it goes through all images in order. With `moving`, some ranks change after
    /// each 10,000 requests: this many of the thousand most popular renditions, and a twentieth as many of the fifty
    /// most popular originals, are exchanged with random others.
    static func make(
        _ name: String, exponent: Double, requests: Int, crawling: Bool = false, moving: Int = 0, seed: UInt64
    ) -> Trace {
        var random = Seeded(state: seed)
        let renditions = Zipf(count: Catalogue.renditions, exponent: exponent)
        let originals = Zipf(count: Catalogue.originals, exponent: exponent)
        var renditionOfRank = Array(0..<Catalogue.renditions)
        var originalOfRank = Array(Catalogue.renditions..<Catalogue.count)
        // The order of a crawler does not depend on popularity.
        renditionOfRank.shuffle(using: &random)
        originalOfRank.shuffle(using: &random)
        var crawled = (rendition: 0, original: 0)
        var keys: [Int] = []
        keys.reserveCapacity(requests)
        for step in 0..<requests {
            let wantsOriginal = random.next() % UInt64(originalsOneIn) == 0
            if crawling, (step / 50_000) % 2 == 1, step % 2 == 0 {
                if wantsOriginal {
                    keys.append(Catalogue.renditions + crawled.original % Catalogue.originals)
                    crawled.original += 1
                } else {
                    keys.append(crawled.rendition % Catalogue.renditions)
                    crawled.rendition += 1
                }
                continue
            }
            if moving > 0, step % 10_000 == 0 {
                for _ in 0..<moving {
                    renditionOfRank.swapAt(
                        Int(random.next() % 1000), Int(random.next() % UInt64(renditionOfRank.count)))
                }
                for _ in 0..<max(1, moving / 20) {
                    originalOfRank.swapAt(Int(random.next() % 50), Int(random.next() % UInt64(originalOfRank.count)))
                }
            }
            keys.append(
                wantsOriginal
                    ? originalOfRank[originals.rank(&random)] : renditionOfRank[renditions.rank(&random)])
        }
        return Trace(name: name, keys: keys)
    }
}
