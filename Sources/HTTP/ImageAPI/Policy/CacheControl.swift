/// A Cache-Control field (RFC 9111, section 5.2).
struct CacheControl: Sendable, Hashable {
    /// Names in lower case, with their arguments.
    private var directives: [(name: String, argument: String?)]

    /// For URLs with the current version: their bytes never change.
    static let versioned = CacheControl("public, max-age=31536000, immutable")

    /// For responses that caches must validate before each use.
    static let validated = CacheControl("no-cache")

    init(_ text: String) {
        directives = text.split(separator: ",").compactMap { part in
            let halves = part.split(separator: "=", maxSplits: 1).map { $0.trimming() }
            guard let name = halves.first, !name.isEmpty else { return nil }
            return (name.lowercased(), halves.dropFirst().first)
        }
    }

    var text: String {
        directives.map { $0.argument.map { [name = $0.name] in "\(name)=\($0)" } ?? $0.name }.joined(separator: ", ")
    }

    /// The same for one client: no shared cache may store the response.
    var forOneClient: CacheControl {
        var control = self
        control.directives.removeAll { ["public", "private", "s-maxage", "proxy-revalidate"].contains($0.name) }
        control.directives.insert(("private", nil), at: 0)
        return control
    }

    /// The same with a lifetime of at most so many seconds; below 1, every use has to be validated.
    func lasting(atMost seconds: Int64) -> CacheControl {
        var control = self
        if seconds < 1 {
            let lasting = ["max-age", "s-maxage", "immutable", "stale-while-revalidate", "stale-if-error"]
            control.directives.removeAll { lasting.contains($0.name) }
            if !control.directives.contains(where: { $0.name == "no-cache" || $0.name == "no-store" }) {
                control.directives.append(("no-cache", nil))
            }
            return control
        }
        control.directives.removeAll { ["stale-while-revalidate", "stale-if-error"].contains($0.name) }
        for index in control.directives.indices where ["max-age", "s-maxage"].contains(control.directives[index].name) {
            let age = control.directives[index].argument.flatMap { Int64($0) } ?? 0
            control.directives[index].argument = String(min(age, seconds))
        }
        if !control.directives.contains(where: { ["max-age", "no-cache", "no-store"].contains($0.name) }) {
            // Without a lifetime, caches may guess one.
            control.directives.append(("max-age", String(seconds)))
        }
        return control
    }

    static func == (left: CacheControl, right: CacheControl) -> Bool { left.text == right.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Substring {
    fileprivate func trimming() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
