import AccessControl

/// How a setting's text becomes a value, and the reverse.
struct SettingKind<Value: Sendable>: Sendable {
    /// What a value must be, as the end of a sentence that begins with "expected".
    let expected: String
    /// Nil if the text is not what is expected.
    let parse: @Sendable (String) -> Value?
    let render: @Sendable (Value) -> String?
    /// How the file may spell it, besides the text itself.
    var shape = FileShape.scalar

    /// A kind whose nil means "not set".
    static func optional<Wrapped>(_ kind: SettingKind<Wrapped>) -> Self where Value == Wrapped? {
        // An Optional of an Optional: the outer nil is an error, so the parsed value is wrapped explicitly.
        Self(
            expected: kind.expected,
            parse: { text in kind.parse(text).map { .some($0) } },
            render: { value in value.flatMap(kind.render) }
        )
    }
}

extension SettingKind<Int> {
    static func number(_ range: ClosedRange<Int>, of unit: String = "a whole number") -> Self {
        Self(
            expected: "\(unit) from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in WholeNumber.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            render: { String($0) }
        )
    }

    static func bytes(_ range: ClosedRange<Int>) -> Self {
        .number(range, of: "a whole number of bytes")
    }

    /// Bytes per second.
    static var rate: Self { .number(0...(1 << 30), of: "a whole number of bytes a second") }

    /// 0 is any free port.
    static var port: Self { .number(0...65_535) }
}

extension SettingKind<Duration> {
    static func seconds(_ range: ClosedRange<Int>) -> Self {
        let number = SettingKind<Int>.number(range, of: "a whole number of seconds")
        return Self(
            expected: number.expected,
            parse: { text in number.parse(text).map { .seconds($0) } },
            render: { String($0.components.seconds) }
        )
    }
}

extension SettingKind<Duration?> {
    /// 0 becomes nil: never.
    static func secondsOrNever(_ range: ClosedRange<Int>) -> Self {
        let seconds = SettingKind<Duration>.seconds(0...range.upperBound)
        return Self(
            expected: "\(seconds.expected) (0: never)",
            parse: { text in
                guard let value = seconds.parse(text) else { return nil }
                return .some(value == .zero ? nil : value)
            },
            render: { value in seconds.render(value ?? .zero) }
        )
    }
}

extension SettingKind<Bool> {
    static var flag: Self {
        Self(
            expected: "true or false",
            parse: { text in text == "true" ? true : text == "false" ? false : nil },
            render: { String($0) }
        )
    }
}

extension SettingKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    static var choice: Self {
        let names = Value.allCases.map(\.rawValue)
        let all = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return Self(expected: all, parse: { Value(rawValue: $0) }, render: { $0.rawValue })
    }
}

extension SettingKind<ListenHost> {
    static var host: Self {
        Self(
            expected: "an IPv4 or IPv6 address or a host name",
            parse: { ListenHost($0) },
            render: { $0.text }
        )
    }
}

extension SettingKind<WebURL> {
    static var url: Self {
        Self(
            expected: "an http or https URL with a host and without user, query or fragment",
            parse: { WebURL($0) },
            render: { $0.text }
        )
    }

    /// An endpoint has no path: the bucket's name would come first in it, and the signature covers it.
    static var origin: Self {
        Self(
            expected: "an http or https URL with a host and nothing behind it but a port",
            parse: { text in WebURL(text).flatMap { $0.path.isEmpty ? $0 : nil } },
            render: { $0.text }
        )
    }
}

extension SettingKind<Secret> {
    static var secret: Self {
        Self(
            expected: "visible ASCII characters without white space (a line break at the end, perhaps?)",
            parse: { text in
                text.utf8.allSatisfy { (0x21...0x7e).contains($0) } && !text.isEmpty ? Secret(text) : nil
            },
            render: { $0.description }
        )
    }
}

extension SettingKind<KeySetURL> {
    static var keySetURL: Self {
        Self(
            expected: "an http or https URL with a host and without user and fragment",
            parse: { KeySetURL($0) },
            // A query may hold a secret.
            render: { String($0.text.prefix { $0 != "?" }) }
        )
    }
}

extension SettingKind<PrefixTemplate> {
    static var prefixTemplate: Self {
        Self(
            expected: "all, or a path that ends with a slash, in which {sub} is the subject of the token",
            parse: { PrefixTemplate($0) },
            render: { $0.text }
        )
    }
}

extension SettingKind<Secret> {
    /// A list of keys; its entries are checked by ``SettingChecks``.
    static var list: Self {
        Self(
            expected: "a list of keys",
            parse: { text in text.isEmpty ? nil : Secret(text) },
            render: { $0.description }
        )
    }
}

extension SettingKind<String> {
    static var file: Self {
        Self(
            expected: "a path of a file",
            parse: { text in text.isEmpty || text.utf8.contains(0) ? nil : text },
            render: { $0 }
        )
    }

    static var path: Self {
        Self(
            expected: "a path of a folder",
            parse: { text in text.isEmpty || text.utf8.contains(0) ? nil : text },
            render: { $0 }
        )
    }

    /// A field value according to RFC 9110, section 5.5: visible ASCII and inner spaces.
    static var headerValue: Self {
        Self(
            expected: "1 to 256 visible ASCII characters, with spaces only between them",
            parse: { text in
                let bytes = text.utf8
                guard (1...256).contains(bytes.count), bytes.first != 0x20, bytes.last != 0x20 else { return nil }
                return bytes.allSatisfy { (0x20...0x7e).contains($0) } ? text : nil
            },
            render: { $0 }
        )
    }

    /// AWS, "General purpose bucket naming rules".
    static var bucketName: Self {
        Self(
            expected: "a bucket name: 3 to 63 of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit, "
                + "no two dots together, no IPv4 address",
            parse: { BucketName.isValid($0) ? $0 : nil },
            render: { $0 }
        )
    }

    static var region: Self {
        Self(
            expected: "a region's name: 1 to 64 of a-z, A-Z, 0-9, '-' and '_'",
            parse: { text in
                let valid = text.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
                return valid && (1...64).contains(text.utf8.count) ? text : nil
            },
            render: { $0 }
        )
    }
}
