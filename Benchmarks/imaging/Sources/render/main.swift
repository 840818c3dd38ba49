import Glibc
import ImageCodecs
import ImageModel
import Rendering

// Renders on request, from memory to memory, and reports the time. It reads one order per line on standard input, with
// fields separated by tabs: `load <file>` reads a file; `render <file> <width> <format>` answers `<CPU nanoseconds>
// <bytes>`; `bare` with the same fields measures the codecs alone; `save <file>` writes the last rendition. So a
// measuring script can alternate between our runs and those of other programs, and the start of a process is not
// measured.

func fail(_ message: String) -> Never {
    let line = Array("render: \(message)\n".utf8)
    write(STDERR_FILENO, line, line.count)
    exit(1)
}

func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { fail("cannot open \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return bytes
}

func writeFile(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "wb") else { fail("cannot write \(path)") }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { fail("cannot write \(path)") }
}

/// Written at once, because the other side waits for it.
func say(_ message: String) {
    let line = Array("\(message)\n".utf8)
    write(STDOUT_FILENO, line, line.count)
}

/// The processor time of this process so far, in nanoseconds.
func cpuTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

let limits = RenderLimits()
var loaded: (path: String, bytes: [UInt8]) = ("", [])
var last: [UInt8] = []

/// The time of the distribution's libraries alone: decoding the file at the scale of the plan, and encoding a picture
/// of the right size, which is made outside of the measurement.
func bare(_ file: [UInt8], width: Int, format: ImageFormat) -> Int {
    let quality = Renderer.defaultQuality(for: format)
    do {
        let info = try ImageHeader.read(file.span.bytes, limits: limits.codec)
        let spec = RenditionSpec(width: width, height: nil, fit: .scaleDown, format: format, quality: quality)
        let plan = try RenderPlan(info: info, spec: spec, limits: limits)
        let flat = RenditionSpec(
            width: width, height: nil, fit: .scaleDown, format: format.capabilities.hasAlpha ? .png : .jpeg,
            quality: 95)
        let small = try Renderer.render(
            file.span.bytes, info: info, spec: flat, limits: limits, cancelled: CancelFlag()
        ).bytes
        let smallInfo = try ImageHeader.read(small.span.bytes, limits: limits.codec)
        let picture = try ImageDecoder.decode(
            small.span.bytes, info: smallInfo, limits: limits.codec, cancelled: CancelFlag())
        let begin = cpuTime()
        let decoded = try ImageDecoder.decode(
            file.span.bytes, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec,
            cancelled: CancelFlag())
        let encoded = try ImageEncoder.encode(
            picture, format: format, quality: quality, metadata: nil, cancelled: CancelFlag())
        let end = cpuTime()
        guard decoded.width > 0, !encoded.isEmpty else { fail("there is no result") }
        return end - begin
    } catch {
        fail("\(error)")
    }
}

while let line = readLine() {
    let fields = line.split(separator: "\t").map(String.init)
    switch fields.first {
    case "render" where fields.count == 4:
        guard let width = Int(fields[2]), let format = ImageFormat(rawValue: fields[3]) else {
            fail("not a width or format: \(line)")
        }
        if loaded.path != fields[1] { loaded = (fields[1], readFile(fields[1])) }
        let spec = RenditionSpec(
            width: width, height: nil, fit: .scaleDown, format: format,
            quality: Renderer.defaultQuality(for: format))
        let begin = cpuTime()
        do {
            let info = try ImageHeader.read(loaded.bytes.span.bytes, limits: limits.codec)
            last = try Renderer.render(
                loaded.bytes.span.bytes, info: info, spec: spec, limits: limits, cancelled: CancelFlag()
            ).bytes
        } catch {
            fail("\(loaded.path): \(error)")
        }
        say("\(cpuTime() - begin) \(last.count)")
    case "load" where fields.count == 2:
        loaded = (fields[1], readFile(fields[1]))
        say("loaded")
    case "bare" where fields.count == 4:
        guard let width = Int(fields[2]), let format = ImageFormat(rawValue: fields[3]) else {
            fail("not a width or format: \(line)")
        }
        if loaded.path != fields[1] { loaded = (fields[1], readFile(fields[1])) }
        say("\(bare(loaded.bytes, width: width, format: format)) 0")
    case "save" where fields.count == 2:
        writeFile(last, to: fields[1])
        say("saved")
    default:
        fail("not an order: \(line)")
    }
}
