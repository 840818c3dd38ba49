import NIOCore

@testable import ImageAPI

/// A form that was read completely: its parts with their contents.
struct ReadForm: Equatable {
    var parts: [FormDataPart] = []
    var contents: [[UInt8]] = []
    var ended = false
}

/// Feeds a form parser: chunks until it needs more, then the end.
func read(
    _ chunks: [[UInt8]], boundary: String, limits: FormDataLimits = FormDataLimits()
) throws(FormDataError) -> ReadForm {
    var parser = MultipartFormParser(boundary: boundary, limits: limits)
    var form = ReadForm()
    for chunk in chunks {
        parser.feed(ByteBuffer(bytes: chunk))
        while let event = try parser.next() {
            switch event {
            case .partBegin(let part):
                form.parts.append(part)
                form.contents.append([])
            case .bytes(let bytes):
                form.contents[form.contents.count - 1] += Array(bytes.readableBytesView)
            case .partEnd: break
            case .end: form.ended = true
            }
        }
    }
    try parser.finish()
    return form
}

func read(
    _ text: String, boundary: String = "b", limits: FormDataLimits = FormDataLimits()
) throws(FormDataError) -> ReadForm {
    try read([Array(text.utf8)], boundary: boundary, limits: limits)
}

/// A part with these headers and this content, after a boundary.
func part(_ disposition: String, _ content: String, headers: String = "") -> String {
    "--b\r\nContent-Disposition: form-data; \(disposition)\r\n\(headers)\r\n\(content)\r\n"
}

/// Numbers that look random but are the same in every run (SplitMix64, Steele and others 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
