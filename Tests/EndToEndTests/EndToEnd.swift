import Testing

/// All tests that start servers run one after the other. Several at once would share two cores and wait for each other.
@Suite("End to end", .serialized)
enum EndToEnd {}
