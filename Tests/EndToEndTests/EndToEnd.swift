import Testing

/// All tests that start servers, one after the other: several at once would share two cores and wait for each other.
@Suite("End to end", .serialized)
enum EndToEnd {}
