import ImageRequests

extension SettingKind<[PresetText]> {
    static var presets: Self {
        Self(
            expected: "NAME:PARAMETERS, the parameters as in a query, and a comma before the next name "
                + "(thumb:w=200&h=200&fit=cover,card:w=800)",
            parse: { PresetText.list($0) },
            render: { $0.isEmpty ? nil : PresetText.text($0) },
            shape: .presets
        )
    }
}

extension SettingKind<[Int]> {
    /// Whole numbers separated by commas; sorted when they are read.
    static func numbers(_ range: ClosedRange<Int>) -> Self {
        let number = SettingKind<Int>.number(range, of: "whole numbers")
        return Self(
            expected: "\(number.expected), with commas between them",
            parse: { text in
                let pieces = text.split(separator: ",", omittingEmptySubsequences: false)
                let numbers = pieces.compactMap { number.parse(String($0)) }
                return numbers.count == pieces.count ? numbers.sorted() : nil
            },
            render: { $0.isEmpty ? nil : $0.map(String.init).joined(separator: ",") },
            shape: .list
        )
    }
}

extension SettingKind<[ClientHints.Kind]> {
    /// Words separated by commas; put in the order of their declaration when they are read.
    static var hints: Self {
        let choice = SettingKind<ClientHints.Kind>.choice
        return Self(
            expected: "\(choice.expected), with commas between them, each once",
            parse: { text in
                let pieces = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                let words = pieces.map { $0.trimmingPrefix(" ") }
                let hints = words.compactMap { choice.parse(String($0)) }
                guard hints.count == pieces.count, Set(hints).count == hints.count else { return nil }
                return ClientHints.Kind.allCases.filter(hints.contains)
            },
            render: { $0.isEmpty ? nil : $0.map(\.rawValue).joined(separator: ",") },
            shape: .list
        )
    }
}
