import CMemoryMeter
import Foundation

/// libFuzzer's entry (compiler-rt, FuzzerInterface.h). It runs until its own options end it.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The target for libFuzzer's callback, which takes no context.
nonisolated(unsafe) var current = FuzzTarget.probe  // Set once below, before libFuzzer starts its only thread.

/// Prints how to call the program, and ends it with EX_USAGE.
func usage() -> Never {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    print("usage: fuzz TARGET CORPUS [libFuzzer options]")
    print("       fuzz seed TARGET CORPUS\n       fuzz measure FILE...\nwhere TARGET is one of \(names)")
    exit(64)
}

let words = CommandLine.arguments
if words.count == 4, words[1] == "seed", let target = FuzzTarget(rawValue: words[2]) {
    let folder = URL(fileURLWithPath: words[3])
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, bytes) in try Seeds.all(for: target) {
        try Data(bytes).write(to: folder.appendingPathComponent("seed-\(name)"))
    }
    exit(0)
}
meter_install()
if words.count > 2, words[1] == "measure" {
    MemoryBudget.reports = true
    for path in words.dropFirst(2) {
        print(path)
        FuzzTarget.measure(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    }
    exit(0)
}
guard words.count >= 3, let target = FuzzTarget(rawValue: words[1]) else { usage() }
current = target
var arguments: [UnsafeMutablePointer<CChar>?] = ([words[0]] + words.dropFirst(2)).map { strdup($0) } + [nil]
var count = CInt(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer -> CInt in
    guard var base = buffer.baseAddress else { return 1 }
    return runDriver(&count, &base) { bytes, count in
        current.run(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }
}
exit(status)
