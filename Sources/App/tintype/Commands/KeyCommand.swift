import AccessControl
import ArgumentParser

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make an API key.",
        discussion: """
            Prints the secret, which the server never needs, and the entry for API_KEYS or API_KEYS_FILE, which has its \
            hash alone.
            """
    )

    @Argument(help: "The name of the key, for logs: letters, digits, '.', '_' and '-'.")
    var name: String

    @Option(help: "The scopes, separated by spaces: read, write, delete, admin.")
    var scopes = "read"

    @Option(help: "Prefixes of paths, separated by spaces, each with a slash at its end; without it every path.")
    var prefixes: String?

    func run() throws {
        let secret = APIKeys.makeSecret()
        let entry = APIKeys.entry(name: name, secret: secret, scopes: scopes, prefixes: prefixes)
        let keys: [APIKey]
        do {
            keys = try APIKeys(parsing: entry).keys
        } catch {
            throw ValidationError("\(error)")
        }
        // A name that begins with # would make the entry a comment.
        guard keys.count == 1 else {
            throw ValidationError("The name must be of letters, digits, '.', '_' and '-'.")
        }
        print("secret: \(secret)")
        print("entry:  \(entry)")
    }
}
