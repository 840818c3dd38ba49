/// An environment variable that is no setting, and looks as if somebody meant one.
///
/// Foreign variables are normal in an environment, so that this is worth a warning and no error, unlike an unknown key
/// in the file.
public struct MisspelledVariable: Sendable, Hashable {
    /// As it is set.
    public let name: String
    /// The setting that was meant, in all likelihood.
    public let meant: String

    /// Names that settings had in earlier versions.
    private static let retired = ["LADDER_SIDE": "INTERMEDIATE_SIDE", "LADDER_QUALITY": "INTERMEDIATE_QUALITY"]
    /// Shorter names come too close to foreign ones by chance: PATH is two letters from PORT.
    private static let shortest = 6

    /// Those of an environment, by their names. What is at most two letters from a setting's name counts, and one
    /// letter where the name has fewer than ten.
    public static func all(in environment: [String: String]) -> [MisspelledVariable] {
        let settings = Setting.all.map(\.name) + LaterSettings.names
        let known = Set(settings + Setting.all.flatMap(\.fallbacks))
        return environment.keys.sorted().compactMap { name in
            if let meant = retired[name] { return MisspelledVariable(name: name, meant: meant) }
            guard !known.contains(name), name.utf8.count >= shortest else { return nil }
            let limit = name.utf8.count < 10 ? 1 : 2
            let near = settings.map { (name: $0, distance: distance(from: name, to: $0, upTo: limit)) }
            guard let meant = near.min(by: { $0.distance < $1.distance }), meant.distance <= limit else { return nil }
            return MisspelledVariable(name: name, meant: meant.name)
        }
    }

    /// The Levenshtein distance: how many letters must be changed, added or removed. A distance above `limit` may be
    /// any number above it.
    private static func distance(from first: String, to second: String, upTo limit: Int) -> Int {
        let (first, second) = (Array(first.utf8), Array(second.utf8))
        guard abs(first.count - second.count) <= limit else { return limit + 1 }
        var row = Array(0...second.count)
        for (line, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in second.enumerated() {
                let changed = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[second.count]
    }
}
