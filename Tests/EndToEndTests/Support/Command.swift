import Foundation

/// A command of the binary that ends by itself, and its output.
struct Command {
    let exitCode: Int32
    let output: String
    let errors: String

    /// Runs the command to its end. Its output must be short, because a full pipe would stop it.
    static func run(_ arguments: [String], _ environment: [String: String]) throws -> Command {
        let process = Process()
        process.executableURL = try TintypeServer.binary()
        process.arguments = arguments
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let texts = try [output, errors].map {
            String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
        process.waitUntilExit()
        return Command(exitCode: process.terminationStatus, output: texts[0], errors: texts[1])
    }
}
