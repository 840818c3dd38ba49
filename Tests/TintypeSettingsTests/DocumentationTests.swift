import FoundationEssentials
import Testing

@testable import TintypeSettings

/// The documents must agree with the code: their tables are generated from the code.
@Suite struct DocumentationTests {
    private static func document(_ name: String, from file: String = #filePath) throws -> String {
        let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return String(decoding: try Data(contentsOf: root.appending(path: name)), as: UTF8.self)
    }

    /// To correct it, run `tintype config --markdown > docs/configuration.md`.
    @Test func referencePageIsWhatTheCommandPrints() throws {
        #expect(try Self.document("docs/configuration.md") == SettingsReference.page)
    }

    /// The README contains the whole table. To correct it, copy the table from docs/configuration.md.
    @Test func readmeHasTheTable() throws {
        #expect(try Self.document("README.md").contains("\n\n" + SettingsReference.table + "\n"))
    }
}
