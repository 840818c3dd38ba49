public import AccessControl
import ImageModel
import TextCoding

/// One key of a policy: its meaning, allowed values, and property in `PolicyRules`. Reading the file, `tintype config`
/// and the reference page use the same table, as they do for ``Setting``.
public struct PolicyField: Sendable {
    /// In the file.
    public let key: String
    /// Markdown, on one line.
    public let meaning: String
    /// What a value must be, as the end of a sentence that begins with "expected".
    public let expected: String
    /// The setting that holds if no policy says anything; nil: then there is no such rule.
    public let setting: String?
    let shape: FileShape
    private let assign: @Sendable (String, inout PolicyRules) -> Bool
    private let read: @Sendable (PolicyRules) -> String?

    init<Value: Sendable>(
        _ key: String, _ path: any WritableKeyPath<PolicyRules, Value?> & Sendable, _ kind: SettingKind<Value>,
        setting: String? = nil, _ meaning: String
    ) {
        self.key = key
        self.meaning = meaning
        self.setting = setting
        expected = kind.expected
        shape = kind.shape
        assign = { text, rules in
            guard let value = kind.parse(text) else { return false }
            rules[keyPath: path] = .some(value)
            return true
        }
        read = { rules in rules[keyPath: path].map { kind.render($0) ?? "" } }
    }

    /// The value that rules have; nil if they say nothing about it.
    public func value(in rules: PolicyRules) -> String? { read(rules) }

    /// - Returns: false if the text is not valid; `rules` is then unchanged.
    func set(_ text: String, in rules: inout PolicyRules) -> Bool { assign(text, &rules) }

    /// Every key, in the order of display.
    public static let all: [PolicyField] = [
        PolicyField(
            "reads", \.reads, .choice, setting: "READ_ACCESS",
            "`public`: everybody may read images and their metadata; `protected`: a credential with `read`, or a signed "
                + "URL, is needed"),
        PolicyField(
            "writers", \.writers, .writers,
            "who may upload, rotate and delete, of those whose credential permits it: `key:NAME`, `subject:NAME`, "
                + "`key:*` (every API key), `subject:*` (every token), `*` (everybody). An empty list: nobody"),
        PolicyField("types", \.types, .imageTypes, "the types of image that an upload may have (415)"),
        PolicyField(
            "maxUploadBytes", \.maximumUploadBytes, .bytes(1...(64 << 30)), setting: "MAX_UPLOAD_BYTES",
            "the largest upload (413); at most MAX_UPLOAD_BYTES"),
        PolicyField(
            "maxPixels", \.maximumPixels, .number(1...4_294_836_225), setting: "MAX_IMAGE_PIXELS",
            "most pixels of an upload, by its header (422); at most MAX_IMAGE_PIXELS"),
        PolicyField(
            "renditions", \.renditions, .policyRenditions, setting: "RENDITION_MODE",
            "`any`; `presets`: as RENDITION_MODE has it; or a list of presets: only these"),
        PolicyField(
            "cacheControl", \.cacheControl, .headerValue, setting: "CACHE_CONTROL",
            "Cache-Control of URLs without `v`. Where reads are protected, `private` replaces `public`"),
        PolicyField(
            "lifetime", \.lifetime, .lifetime,
            "seconds after the last write of an image. Then it is 404, and `tintype gc --expire` removes it. 0: it has "
                + "no end"),
        PolicyField(
            "notBefore", \.notBefore, .moment,
            "signed URLs that were signed before this time are not valid (403), such as `2026-11-30T12:00:00Z`"),
    ]
}

extension SettingKind<[WriterPattern]> {
    static var writers: Self {
        Self(
            expected: "a list of *, key:NAME, key:*, subject:NAME and subject:*, or [] for nobody",
            parse: { text in
                if text.isEmpty { return [] }
                let words = words(text)
                let patterns = words.compactMap { WriterPattern($0) }
                return patterns.count == words.count ? patterns : nil
            },
            render: { $0.map(\.text).joined(separator: ",") },
            shape: .list
        )
    }
}

extension SettingKind<[String]> {
    static var imageTypes: Self {
        let names = ImageFormat.allCases.map(\.rawValue)
        return Self(
            expected: "a list of at least one of \(names.joined(separator: ", ")), each once",
            parse: { text in
                let words = words(text)
                guard words.allSatisfy(names.contains), Set(words).count == words.count else { return nil }
                return words
            },
            render: { $0.joined(separator: ",") },
            shape: .list
        )
    }
}

extension SettingKind<PolicyRules.Renditions> {
    static var policyRenditions: Self {
        Self(
            expected: "any, presets, or a list of names of presets",
            parse: { text in
                switch text {
                case "any": return .any
                case "presets": return .presets(nil)
                case "": return nil
                default: return .presets(words(text))
                }
            },
            render: { renditions in
                switch renditions {
                case .any: "any"
                case .presets(let names): names?.joined(separator: ",") ?? "presets"
                }
            },
            shape: .list
        )
    }
}

extension SettingKind<Int> {
    /// Seconds, at most a hundred years; 0: no end.
    static var lifetime: Self {
        let kind = number(0...3_155_760_000, of: "a whole number of seconds")
        return Self(expected: "\(kind.expected) (0: no end)", parse: kind.parse, render: kind.render)
    }
}

extension SettingKind<Int64> {
    /// Unix seconds.
    static var moment: Self {
        Self(
            expected: "a time in UTC as 2026-11-30T12:00:00Z",
            parse: { text in
                // The reader takes more spellings than one.
                Timestamp(rfc3339: text).flatMap { $0.rfc3339 == text ? $0.seconds : nil }
            },
            render: { Timestamp(seconds: $0).rfc3339 }
        )
    }
}

/// Items separated by commas, with or without spaces around them.
private func words(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { word in
        let start = word.drop { $0 == " " }
        return String(
            start.prefix(upTo: start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.endIndex))
    }
}
