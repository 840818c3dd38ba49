import HTTPTypes
import ImageModel
import ObjectStorage
import TextCoding

@testable import ImageRequests

/// Entity tags, ranges and Accept on arbitrary bytes.
public enum FieldFuzzing {
    /// Reads the values as every field in turn, and checks what must be true of each result.
    ///
    /// - Parameter bytes: up to four field values, separated by zeros.
    /// - Returns: the guarantee that is broken; nil if none is.
    public static func error(_ bytes: [UInt8]) -> String? {
        let values = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        for value in values {
            if let error = tagError(value) ?? rangeError(value, values.last ?? "") ?? acceptError(value) {
                return error
            }
        }
        return nil
    }

    /// A tag has its quotes, and a list that is written again is read as the same list.
    private static func tagError(_ value: String) -> String? {
        let tags = EntityTag.list(value)
        for tag in tags {
            let text = tag.text.utf8
            guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\""),
                !text.dropFirst().dropLast().contains(UInt8(ascii: "\""))
            else { return "a tag without its quotes" }
        }
        let again = tags.map { ($0.isWeak ? "W/" : "") + $0.text }.joined(separator: " ,, ")
        guard EntityTag.list(again) == tags else { return "tags that change when they are written down" }
        return nil
    }

    /// A range lies within the object, and empty elements of a list change nothing.
    private static func rangeError(_ value: String, _ condition: String) -> String? {
        var headers = HTTPFields()
        headers[.range] = value
        headers[.ifRange] = condition
        let now = Timestamp(seconds: 1_800_000_000)
        _ = Conditions(headers, now: now)
        guard let request = RangeRequest(headers, now: now) else { return nil }
        for size: Int64 in [0, 1, 10, .max] {
            guard let part = request.range.resolve(size: size) else { continue }
            guard part.lowerBound >= 0, part.upperBound <= size, !part.isEmpty else { return "a range beyond the end" }
        }
        headers[.range] = " ,\(value.split(separator: "=", maxSplits: 1).last ?? ""),"
        headers[.range] = "BYTES=" + (headers[.range] ?? "")
        guard RangeRequest(headers, now: now)?.range == request.range else {
            return "a range that is changed by empty elements"
        }
        return nil
    }

    /// Empty elements of a list change nothing, and a transparent image never becomes a JPEG.
    private static func acceptError(_ value: String) -> String? {
        func accept(_ values: [String]) -> Accept {
            var headers = HTTPFields()
            for value in values { headers.append(HTTPField(name: .accept, value: value)) }
            return Accept(headers)
        }
        let plain = accept([value])
        guard accept([" , " + value + " , "]) == plain || value.allSatisfy({ $0 == " " || $0 == "\t" }) else {
            return "an Accept that is changed by empty elements"
        }
        for format in ImageFormat.allCases {
            for hasAlpha in [true, false] where hasAlpha && plain.choose(for: format, hasAlpha: true) == .jpeg {
                if format != .jpeg { return "a base that cannot hold transparency" }
            }
        }
        return nil
    }

    /// Field values as clients send them, and some odd ones.
    public static let seeds: [[UInt8]] = [
        "\"a\", W/\"b,c\" , *\0bytes=0-9\0\"a\"", "W/\"\",,\"x\"y,\"z\"\0bytes = 5-\0Sun, 06 Nov 1994 08:49:37 GMT",
        "image/avif,image/webp;q=0.8,*/*;q=0.5\0bytes=-5\0W/\"a\"",
        "image/*;q=1.000, image/png ; q=0.001\0bytes=0-0,-1",
    ].map { Array($0.utf8) }
}
