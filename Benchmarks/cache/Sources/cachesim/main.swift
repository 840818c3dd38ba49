// Plays traces of requests to the policy of the memory cache, and to the policies that it was compared with. Prints the
// share of requests and of bytes that were in memory, as a Markdown table.
//   cachesim [--small]   a hundredth of the requests, to test the program

let isSmall = CommandLine.arguments.contains("--small")
let requests = isSmall ? 20_000 : 2_000_000
let mebibyte = 1 << 20
/// The default of CACHE_MEMORY_BYTES. Seven eighths of it are for bodies.
let budget = 256 * mebibyte / 8 * 7
/// As many shards as the server has.
let shards = 8

func percent(_ part: Int, _ whole: Int) -> String {
    let tenths = (part * 2000 + whole) / max(2 * whole, 1)
    return "\(tenths / 10).\(tenths % 10)"
}

func text(_ outcome: Outcome) -> String {
    "\(percent(outcome.hits, outcome.requests)) / \(percent(outcome.hitBytes, outcome.bytes))"
}

let catalogue = Catalogue(seed: 1)

func measure<P: Policy>(_ type: P.Type, _ trace: Trace, bytes: Int = budget, shards: Int = shards) -> [String] {
    let outcomes = Simulation<P>.run(trace, catalogue, bytes: bytes, shards: shards)
    return [outcomes.renditions + outcomes.originals, outcomes.renditions, outcomes.originals].map(text)
}

func rows(_ trace: Trace, bytes: Int = budget) {
    let columns = [
        measure(LRU.self, trace, bytes: bytes), measure(SegmentedLRU.self, trace, bytes: bytes),
        measure(TinyLFU.self, trace, bytes: bytes), measure(S3FIFO.self, trace, bytes: bytes),
    ]
    for (row, what) in ["all", "renditions", "originals"].enumerated() {
        let name = row == 0 ? "\(trace.name), \(bytes / mebibyte) MiB" : ""
        print("| \(([name, what] + columns.map { $0[row] }).joined(separator: " | ")) |")
    }
}

let crawled = Trace.make("Zipf 0.8, crawled", exponent: 0.8, requests: requests, crawling: true, seed: 4)
print("| trace | of | LRU | segmented LRU | W-TinyLFU | S3-FIFO |")
print("|---|---|---|---|---|---|")
rows(Trace.make("Zipf 0.8", exponent: 0.8, requests: requests, seed: 2))
rows(Trace.make("Zipf 1.0", exponent: 1.0, requests: requests, seed: 3))
rows(crawled)
rows(crawled, bytes: budget / 4)
rows(Trace.make("Zipf 1.0, crawled", exponent: 1.0, requests: requests, crawling: true, seed: 5))
rows(Trace.make("Zipf 0.9, moving", exponent: 0.9, requests: requests, moving: 20, seed: 6))

print("\n| S3-FIFO on the trace Zipf 0.8, crawled, in shards | all | renditions | originals |")
print("|---|---|---|---|")
for shards in [1, 4, 8, 16, 32] {
    print("| \(shards) | \(measure(S3FIFO.self, crawled, shards: shards).joined(separator: " | ")) |")
}
