import CMemoryMeter

/// Compares the memory that was admitted for an operation with the memory that it takes.
enum MemoryBudget {
    /// Runs `body` and returns its result. Ends the process if it took more than `bytes` at any time, not counting the
    /// file's own copies and lists of its chunks.
    ///
    /// - Parameters:
    ///   - bytes: the memory that admission would reserve for this.
    ///   - file: the length of the file in bytes.
    ///   - what: the name of the operation, for the message.
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

    /// Whether each measurement is printed, as `fuzz measure` does.
    nonisolated(unsafe) static var reports = false  // Set once, by the only thread, before anything is measured.

    /// Space for per-process tables, which their first user fills.
    private static let slack = 1 << 20
}
