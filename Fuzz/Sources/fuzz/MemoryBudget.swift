import CMemoryMeter

/// What an operation was admitted for, held against what it takes.
enum MemoryBudget {
    /// Runs `body` and ends the process where more memory was taken at one time than `bytes`, the file's own copies
    /// and lists of its chunks aside.
    static func hold<Result: ~Copyable>(
        _ bytes: Int, file: Int, _ what: StaticString, _ body: () -> Result
    ) -> Result {
        meter_begin()
        let result = body()
        let peak = Int(meter_peak())
        if reports { print("  \(what): took \(peak), admitted \(bytes), file \(file)") }
        precondition(peak <= bytes + 8 * file + slack, "\(what) takes more memory than it says")
        return result
    }

    /// For `fuzz measure`.
    nonisolated(unsafe) static var reports = false  // Set once, by the only thread, before anything is measured.

    /// Tables of a process, filled by whoever comes first.
    private static let slack = 1 << 20
}
