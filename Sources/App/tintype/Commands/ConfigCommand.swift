import ArgumentParser
import TintypeSettings

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every setting with its default, its meaning and the value that holds, secrets masked."
    )

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print the reference page in Markdown instead; it does not depend on any setting.")
    var markdown = false

    func run() throws {
        if markdown {
            print(SettingsReference.page, terminator: "")
        } else {
            print(SettingsReference.effective(try options.loadOrExit()), terminator: "")
        }
    }
}
