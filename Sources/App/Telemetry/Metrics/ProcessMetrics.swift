/// What the kernel knows about this process, under the names that every Prometheus client uses.
public struct ProcessMetrics: Sendable, Hashable {
    /// Memory in RAM, in bytes.
    public let residentBytes: Int64
    /// Address space, in bytes.
    public let virtualBytes: Int64
    /// User and system time, in seconds.
    public let cpuSeconds: Double
    /// Since 1970, in seconds.
    public let startTime: Double
    /// Threads of the process.
    public let threads: Int64
    /// Open file descriptors.
    public let openDescriptors: Int64
    /// Nil: no limit.
    public let maxDescriptors: Int64?

    /// From the texts of /proc, as described in proc(5) and proc_pid_stat(5).
    ///
    /// - Parameters:
    ///   - stat: /proc/self/stat.
    ///   - systemStat: /proc/stat, for the boot time.
    ///   - limits: /proc/self/limits.
    /// - Returns: nil if a text differs from the description in proc(5).
    init?(
        stat: String, systemStat: String, limits: String, openDescriptors: Int64, pageBytes: Int64,
        ticksPerSecond: Double
    ) {
        // The second field is the program's name in parentheses, and may itself contain spaces and parentheses.
        guard let end = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> Int64? {
            // Numbered as in the manual; the first field after the name is 3.
            fields.indices.contains(number - 3) ? Int64(fields[number - 3]) : nil
        }
        guard
            let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let resident = field(24), let boot = Self.bootTime(systemStat)
        else { return nil }
        residentBytes = resident * pageBytes
        virtualBytes = virtual
        cpuSeconds = Double(user + system) / ticksPerSecond
        startTime = boot + Double(start) / ticksPerSecond
        self.threads = threads
        self.openDescriptors = openDescriptors
        maxDescriptors = Self.softLimit("Max open files", limits)
    }

    private static func bootTime(_ systemStat: String) -> Double? {
        systemStat.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func softLimit(_ name: String, _ limits: String) -> Int64? {
        limits.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.dropFirst(name.count).split(separator: " ").first }
            .flatMap { Int64($0) }
    }
}

extension Exposition {
    mutating func append(_ process: ProcessMetrics) {
        append(
            "process_cpu_seconds_total", .counter, help: "User and system CPU time in seconds.",
            .number(process.cpuSeconds))
        if let limit = process.maxDescriptors {
            append("process_max_fds", .gauge, help: "File descriptors that may be open.", .integer(limit))
        }
        append("process_open_fds", .gauge, help: "Open file descriptors.", .integer(process.openDescriptors))
        append(
            "process_resident_memory_bytes", .gauge, help: "Memory in RAM in bytes.", .integer(process.residentBytes))
        append(
            "process_start_time_seconds", .gauge, help: "Start of the process since 1970 in seconds.",
            .number(process.startTime))
        append("process_threads", .gauge, help: "Threads of the process.", .integer(process.threads))
        append(
            "process_virtual_memory_bytes", .gauge, help: "Address space in bytes.", .integer(process.virtualBytes))
    }
}
