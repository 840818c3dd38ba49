import FoundationEssentials
import Testing

@testable import TintypeSettings

/// The documents say what the code does: their tables are made from the code's own.
@Suite struct DocumentationTests {
    private static func document(_ name: String, from file: String = #filePath) throws -> String {
        let root = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return String(decoding: try Data(contentsOf: root.appending(path: name)), as: UTF8.self)
    }

    /// Mended by `tintype config --markdown > docs/configuration.md`.
    @Test func referencePageIsWhatTheCommandPrints() throws {
        #expect(try Self.document("docs/configuration.md") == SettingsReference.page)
    }

    /// The table stands whole in the README; mended by copying it from docs/configuration.md.
    @Test func readmeHasTheTable() throws {
        #expect(try Self.document("README.md").contains("\n\n" + SettingsReference.table + "\n"))
    }
}
