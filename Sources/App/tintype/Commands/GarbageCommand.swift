import ArgumentParser
import ImageService
import Logging
import ObjectStorage
import Telemetry
import TintypeSettings

/// Removes objects from the store that nothing refers to any more. May run beside servers of this release, for example
/// as a nightly job.
struct GarbageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: """
            Remove derived objects (renditions, intermediates, extras) whose originals have been replaced or deleted, \
            and, with --expire, images that have outlived their lifetime.
            """,
        discussion: """
            Servers remove them themselves, after the write. What a crash or an outage of the store has left is never \
            served, but takes space until this is run.

            With --expire, images that have outlived the lifetime of their policy are removed first. Servers do not serve \
            them any more, and never remove them.
            """
    )

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Count only, and remove nothing.")
    var dryRun = false

    @Flag(help: "Also remove the images whose lifetime, as the policies in --config have it, is over.")
    var expire = false

    @Option(help: "Seconds; younger objects are left alone. Does not concern --expire.")
    var olderThan = 3600

    func validate() throws {
        guard (0...31_536_000).contains(olderThan) else {
            throw ValidationError("--older-than takes 0 to 31536000 seconds.")
        }
    }

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
        var expiry = ExpiredImages.Report()
        let garbage = DerivedGarbage(
            storage: store.storage, minimumAge: .seconds(olderThan), isRemoving: !dryRun)
        var report = DerivedGarbage.Report()
        var storageError: StorageError?
        do throws(StorageError) {
            if expire {
                try await ExpiredImages(storage: store.storage, policies: settings.policies, isRemoving: !dryRun)
                    .collect(into: &expiry)
            }
            try await garbage.collect(into: &report)
        } catch {
            storageError = error
        }
        await store.close()
        if expire {
            print(
                """
                \(expiry.images) images where some have a lifetime, \(expiry.expired) of them expired \
                (\(expiry.expiredBytes) bytes), \(dryRun ? "none" : "all") removed
                """)
        }
        print(
            """
            \(report.objects) derived objects, \(report.garbage) of them garbage (\(report.garbageBytes) bytes), \
            \(dryRun ? "none" : "all") removed; \(report.unknown) with an unknown original left alone
            """)
        if let storageError {
            StandardStreams.printError("tintype gc: stopped there: \(storageError.debugDescription)")
            throw ExitCode(1)
        }
    }
}
