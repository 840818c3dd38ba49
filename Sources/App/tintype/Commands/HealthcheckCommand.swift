import ArgumentParser
import TintypeSettings

/// For containers without curl. Exits with 0 or 1 only: Docker reserves the other codes.
struct HealthcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Exit with 0 when the server of these settings is ready, else with 1."
    )

    @OptionGroup var options: SettingsOptions

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 3

    func validate() throws {
        guard (1...60).contains(timeout) else { throw ValidationError("--timeout takes 1 to 60 seconds.") }
    }

    func run() async throws {
        do {
            let settings = try options.load()
            let probe = ReadinessProbe(
                host: settings.host.reachable, port: settings.opsPort, timeout: .seconds(timeout))
            try await probe.run()
        } catch {
            StandardStreams.printError("tintype healthcheck: \(error)")
            throw ExitCode(1)
        }
    }
}
