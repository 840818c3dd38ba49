import Foundation

/// Finds programs as a shell does.
public enum Program {
    /// The path of a program: what `variable` names in the environment, else the first one of that name in PATH, else
    /// one that pip has put where this user's scripts go. Nil where there is none.
    public static func find(_ name: String, variable: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment[variable], !path.isEmpty { return isProgram(path) ? path : nil }
        var folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        folders += [(environment["HOME"] ?? "/root") + "/.local/bin", "/usr/local/bin"]
        return folders.map { "\($0)/\(name)" }.first(where: isProgram)
    }

    private static func isProgram(_ path: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: path)
    }
}

/// A test could not be set up.
public struct TestServerError: Error, CustomStringConvertible {
    /// What is missing, for the test report.
    public var description: String

    /// An error with this text.
    public init(_ description: String) {
        self.description = description
    }
}
