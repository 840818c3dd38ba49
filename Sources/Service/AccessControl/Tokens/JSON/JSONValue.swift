/// A value of a JSON text (RFC 8259), as ``JSONReader`` gives it.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// Infinite if the text names a larger number than a Double can hold.
    case number(Double)
    /// Valid UTF-8, without escapes. Swift's String would treat different bytes as equal if they look the same.
    case string([UInt8])
    case array([JSONValue])
    case object(JSONObject)

    /// The bytes of a string; nil: it is something else.
    var string: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }

    /// The elements of an array; nil: it is something else.
    var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members of an object; nil: it is something else.
    var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
}

/// The members of a JSON object. Names are compared as bytes.
struct JSONObject: Sendable {
    private var members: [[UInt8]: JSONValue] = [:]
    /// Whether a name came twice. Programs disagree about which of the two values counts, so nobody may rely on either.
    private(set) var isAmbiguous = false

    init() {}

    /// Every member, in no order.
    var all: [(name: [UInt8], value: JSONValue)] { members.map { ($0.key, $0.value) } }

    subscript(name: String) -> JSONValue? { members[Array(name.utf8)] }

    /// Keeps the first value if the name is there already.
    mutating func add(_ name: [UInt8], _ value: JSONValue) {
        if members[name] == nil {
            members[name] = value
        } else {
            isAmbiguous = true
        }
    }
}
