import Testing

@testable import Telemetry

@Suite struct ProcessMetricsTests {
    private func parse(
        stat: String =
            "42 (a b) c) S 1 42 42 0 -1 4194560 500 0 0 0 150 50 0 0 20 0 9 0 1000 8192000 2048 18446744073709551615",
        systemStat: String = "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n",
        limits: String = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024      4096      files\n"
    ) -> ProcessMetrics? {
        ProcessMetrics(
            stat: stat, systemStat: systemStat, limits: limits, openDescriptors: 7, pageBytes: 4096,
            ticksPerSecond: 100)
    }

    @Test func fieldsOfProcStatAreReadAfterTheName() throws {
        let process = try #require(parse())
        #expect(process.cpuSeconds == 2)
        #expect(process.threads == 9)
        #expect(process.startTime == 1_700_000_010)
        #expect(process.virtualBytes == 8_192_000)
        #expect(process.residentBytes == 2048 * 4096)
        #expect(process.maxDescriptors == 1024)
    }

    @Test func unlimitedMeansNoValue() throws {
        #expect(try #require(parse(limits: "Max open files  unlimited  unlimited  files\n")).maxDescriptors == nil)
    }

    @Test func malformedTextsGiveNoValue() {
        #expect(parse(stat: "") == nil)
        #expect(parse(stat: "42 (a) S 1") == nil)
        #expect(parse(systemStat: "cpu 1\n") == nil)
    }

    @Test func processMetricsAreWrittenWithTheOthers() throws {
        let process = try #require(parse())
        let text = PrometheusRegistry().exposition(adding: process)
        #expect(text.contains("# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 8388608\n"))
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 2\n"))
        #expect(text.contains("\nprocess_open_fds 7\n"))
        #expect(text.contains("\nprocess_start_time_seconds 1700000010\n"))
    }

    #if os(Linux)
        @Test func metricsOfThisProcessAreRead() throws {
            let process = try #require(ProcessMetrics.current())
            #expect(process.residentBytes > 1 << 20)
            #expect(process.openDescriptors >= 3)
            #expect(process.threads >= 1)
            #expect(process.startTime > 1_600_000_000)
        }
    #endif
}
