import Foundation
import ImageModel

/// Reference programs that give the right answer, and files from other sources.
enum Oracle {
    /// The corpus folder; nil if CORPUS_DIR is not set.
    static let corpus: URL? = ProcessInfo.processInfo.environment["CORPUS_DIR"].map { URL(fileURLWithPath: $0) }

    /// Whether these programs and the corpus are installed.
    static func has(_ programs: String..., corpus needsCorpus: Bool = true) -> Bool {
        programs.allSatisfy { path($0) != nil } && (!needsCorpus || corpus != nil)
    }

    private static func path(_ program: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/"].map { $0 + program }.first(where: FileManager.default.isExecutableFile)
    }

    /// Runs a program with a file as its input and returns its output; nil if it fails.
    static func run(_ program: String, _ arguments: [String] = [], input: [UInt8]) throws -> [UInt8]? {
        guard let path = path(program) else { return nil }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appendingPathComponent("in")
        let target = folder.appendingPathComponent("out")
        try Data(input).write(to: source)
        try Data().write(to: target)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments.map { $0 == "{in}" ? source.path : $0 }
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: target)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? [UInt8](try Data(contentsOf: target)) : nil
    }

    /// Runs a program that reads and writes files by name. Both names come last. Nil if it fails.
    static func convert(
        _ program: String, _ arguments: [String], input: [UInt8], from source: String, to target: String
    ) throws -> [UInt8]? {
        guard let path = path(program) else { return nil }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let before = folder.appendingPathComponent("in." + source)
        let after = folder.appendingPathComponent("out." + target)
        try Data(input).write(to: before)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments + [before.path, after.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return [UInt8](try Data(contentsOf: after))
    }

    /// The lines that exiftool prints for each file, in order. Reading many files takes it hardly longer than reading
    /// one.
    static func tags(_ files: [[UInt8]], _ format: ImageFormat, _ arguments: [String]) throws -> [[String]] {
        guard let path = path("exiftool"), !files.isEmpty else { return [] }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var names: [String] = []
        for (index, file) in files.enumerated() {
            let name = folder.appendingPathComponent("\(index).\(format.rawValue)")
            try Data(file).write(to: name)
            names.append(name.path)
        }
        let target = folder.appendingPathComponent("out")
        try Data().write(to: target)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        // For a single file, exiftool does not print its name. So the last file is passed twice.
        process.arguments = ["-a", "-G1", "-s", "-n"] + arguments + names + names.suffix(1)
        process.standardOutput = try FileHandle(forWritingTo: target)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        var lines = [[String]](repeating: [], count: files.count)
        var current: Int?
        for line in String(decoding: try Data(contentsOf: target), as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("======== ") {
                current = names.firstIndex(of: String(line.dropFirst(9)))
                if let current { lines[current] = [] }
            } else if let current, line.hasPrefix("[") {
                // The last line is the number of files.
                lines[current].append(String(line))
            }
        }
        return lines
    }

    /// The files in a corpus folder with this extension, sorted by name.
    static func files(_ folder: String, _ ext: String) throws -> [(name: String, bytes: [UInt8])] {
        guard let corpus else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: corpus.appendingPathComponent(folder).path)
        return try names.filter { $0.hasSuffix(".\(ext)") }.sorted().map {
            ($0, [UInt8](try Data(contentsOf: corpus.appendingPathComponent(folder).appendingPathComponent($0))))
        }
    }

    static func file(_ path: String) throws -> [UInt8] {
        guard let corpus else { return [] }
        return [UInt8](try Data(contentsOf: corpus.appendingPathComponent(path)))
    }
}

extension Picture {
    /// Reads PBM, PGM or PPM in raw form (netpbm's formats) as samples of 8 bits. Higher depths are rounded, and lower
    /// ones are scaled to 255. Comments are not supported.
    init?(netpbm bytes: [UInt8]) {
        var at = 2
        func number() -> Int? {
            while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
            var value: Int?
            while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
                value = (value ?? 0) * 10 + Int(bytes[at] - 0x30)
                at += 1
            }
            return value
        }
        guard bytes.count >= 8, bytes[0] == 0x50, let width = number(), let height = number() else { return nil }
        let kind = bytes[1] - 0x30
        let maximum = kind == 4 ? 1 : number()
        guard let maximum else { return nil }
        at += 1
        let channels = kind == 6 ? 3 : 1
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height * channels)
        if kind == 4 {
            let rowBytes = (width + 7) / 8
            guard bytes.count >= at + rowBytes * height else { return nil }
            for y in 0..<height {
                for x in 0..<width {
                    samples.append(bytes[at + y * rowBytes + x / 8] >> (7 - UInt8(x % 8)) & 1 == 1 ? 0 : 255)
                }
            }
        } else if maximum == 255 {
            guard bytes.count >= at + width * height * channels else { return nil }
            samples = Array(bytes[at..<at + width * height * channels])
        } else {
            let sampleBytes = maximum > 255 ? 2 : 1
            guard bytes.count >= at + width * height * channels * sampleBytes else { return nil }
            for index in 0..<width * height * channels {
                let place = at + index * sampleBytes
                let value = sampleBytes == 1 ? Int(bytes[place]) : Int(bytes[place]) << 8 | Int(bytes[place + 1])
                samples.append(UInt8((value * 255 + maximum / 2) / maximum))
            }
        }
        self.init(width: width, height: height, channels: channels, samples: samples)
    }

    /// Grey is expanded to RGB, and alpha is dropped.
    var rgb: Picture {
        if channels == 3 { return self }
        var result = Picture(width: width, height: height, channels: 3, samples: [])
        for index in 0..<width * height {
            let pixel = samples[index * channels..<(index + 1) * channels]
            result.samples +=
                channels == 1 ? [UInt8](repeating: pixel[pixel.startIndex], count: 3) : Array(pixel.prefix(3))
        }
        return result
    }

    /// Only alpha. Opaque if there is none.
    var alpha: Picture {
        var result = Picture(width: width, height: height, channels: 1, samples: [])
        for index in 0..<width * height {
            result.samples.append(channels == 4 ? samples[index * 4 + 3] : 255)
        }
        return result
    }
}
