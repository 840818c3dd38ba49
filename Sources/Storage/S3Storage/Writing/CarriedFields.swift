import ObjectStorage
import TextCoding

/// What other programs have put on an object and a write passes on, if its bytes are made from that object's: headers,
/// user metadata and tags. Encryption, locks and access lists belong to the bucket.
enum CarriedFields {
    private static let tagCount = "x-amz-tagging-count"
    private static let storageClass = "x-amz-storage-class"
    private static let contentEncoding = "content-encoding"

    /// Headers of an answer that are passed on, or decide what is.
    static let names: Set<String> = [
        "cache-control", "content-disposition", "content-language", contentEncoding, "expires",
        "x-amz-website-redirect-location", storageClass, tagCount,
    ]

    /// Storage classes whose objects can be read at once. An object in another class was only restored for a while, and
    /// a new object in that class could not be read at all.
    private static let readableClasses: Set<String> = [
        "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY",
    ]
    /// A file that we have made has none of these codings, whatever the previous one claimed.
    private static let codings: Set<Substring> = [
        "gzip", "x-gzip", "compress", "x-compress", "deflate", "br", "zstd", "aws-chunked",
    ]

    static func hasTags(_ object: ObjectInfo) -> Bool {
        object.foreignFields[tagCount].flatMap { Int($0) }.map { $0 > 0 } ?? false
    }

    /// The request's headers, without the tags.
    static func headers(from object: ObjectInfo) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for (name, value) in object.foreignFields.sorted(by: { $0.key < $1.key }) {
            switch name {
            case tagCount: break
            case storageClass:
                if readableClasses.contains(value) { headers.append((name, value)) }
            case contentEncoding:
                let tokens = value.lowercased().split { $0 == "," || $0 == " " }
                if codings.isDisjoint(with: tokens) { headers.append((name, value)) }
            default: headers.append((name, value))
            }
        }
        for (name, value) in object.metadata.foreign.sorted(by: { $0.key < $1.key }) {
            headers.append((ObjectHeaders.metadataPrefix + name, value))
        }
        return headers.filter { isSendable($0.value) }
    }

    /// What a header may hold (RFC 9110, section 5.5). Anything else would make the whole write fail.
    private static func isSendable(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    /// The tags, in the form of `x-amz-tagging`.
    static func header(of tags: TaggingDocument) -> (name: String, value: String)? {
        if tags.tags.isEmpty { return nil }
        let text = tags.tags.map { "\(PercentEncoding.encode($0.key.utf8))=\(PercentEncoding.encode($0.value.utf8))" }
        return ("x-amz-tagging", text.joined(separator: "&"))
    }
}
