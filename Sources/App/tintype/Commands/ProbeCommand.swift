import ArgumentParser
import Logging
import ObjectStorage
import Telemetry
import TintypeSettings

/// Finds out what the store supports and keeps the result in the bucket, where servers find it when they start.
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Find out what the S3 store supports, print it, and keep it in the bucket.",
        discussion: """
            Servers do so themselves if the bucket has no result for this store, or none that is younger than \
            S3_PROBE_MAX_AGE_SECONDS. Run it after an upgrade of the store, before the first server is started. Running \
            servers use what they know until they are restarted.
            """
    )

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.loadOrExit()
        LineLogHandler.bootstrap(format: LineFormat(settings.logFormat), level: Logger.Level(settings.logLevel))
        let store: Store
        do {
            store = try Store.open(settings, logger: Logger(label: "tintype"))
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
        guard let probe = store.probe else {
            await store.close()
            return print("local files: nothing to find out")
        }
        var lines: [String] = []
        var storageError: StorageError?
        do throws(StorageError) {
            lines = try await probe()
        } catch {
            storageError = error
        }
        await store.close()
        for line in lines { print(line) }
        if let storageError {
            StandardStreams.printError("tintype probe: \(storageError.debugDescription)")
            throw ExitCode(1)
        }
    }
}
