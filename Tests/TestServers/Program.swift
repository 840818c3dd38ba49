import Foundation

/// Finds programs like a shell.
public enum Program {
    /// The path of a program: the one in the environment variable `variable`, otherwise the first one of that name in
    /// PATH, otherwise one among this user's pip scripts. Nil if there is none.
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
    /// The missing part, for the test report.
    public var description: String

    /// An error with this text.
    public init(_ description: String) {
        self.description = description
    }
}
