/// Where a token without the claim `prefixes` permits something: a prefix in which `{sub}` stands for the token's
/// subject. The word `all` stands for every path; it has to be written out, so that nobody opens everything by leaving
/// something out.
public struct PrefixTemplate: Sendable, Hashable {
    /// Each user has a folder.
    public static let perUser = PrefixTemplate(checked: "users/{sub}/")

    private static let placeholder = "{sub}"
    private static let everything = "all"

    /// As it was written.
    public let text: String

    private init(checked text: String) {
        self.text = text
    }

    /// Nil if the text is neither `all` nor a path that ends with a slash.
    public init?(_ text: String) {
        self.text = text
        guard text == Self.everything || (!text.isEmpty && Self.prefix(text, "x") != nil) else { return nil }
    }

    /// The prefixes for a subject; none if the template needs a subject that is one segment of a path.
    func prefixes(subject: String?) -> [PathPrefix] {
        if text == Self.everything { return [.everything] }
        guard text.contains(Self.placeholder) else { return Self.prefix(text, "").map { [$0] } ?? [] }
        guard let subject, PathPrefix.isSegment(subject.utf8) else { return [] }
        return Self.prefix(text, subject).map { [$0] } ?? []
    }

    private static func prefix(_ text: String, _ subject: String) -> PathPrefix? {
        // Joined as bytes: a subject that begins with a combining mark must not change the text before it.
        let parts = text.split(separator: placeholder, omittingEmptySubsequences: false).map { Array($0.utf8) }
        return PathPrefix(Array(parts.joined(separator: Array(subject.utf8))))
    }
}
