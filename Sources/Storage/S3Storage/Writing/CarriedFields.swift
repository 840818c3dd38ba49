import ObjectStorage
import TextCoding

/// What a write hands on of an object that other programs have put, where its bytes are made from that object's:
/// headers, user metadata and tags. Encryption, locks and access lists are the bucket's.
enum CarriedFields {
    private static let tagCount = "x-amz-tagging-count"
    private static let storageClass = "x-amz-storage-class"
    private static let contentEncoding = "content-encoding"

    /// Headers of an answer that are handed on, or tell what is to be.
    static let names: Set<String> = [
        "cache-control", "content-disposition", "content-language", contentEncoding, "expires",
        "x-amz-website-redirect-location", storageClass, tagCount,
    ]

    /// Classes whose objects can be read at once. Another one was left for a while when the object was restored, and a
    /// new object in it could not be read at all.
    private static let readableClasses: Set<String> = [
        "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY",
    ]
    /// A file that we have made is coded in none of these, whatever the one before it claimed.
    private static let codings: Set<Substring> = [
        "gzip", "x-gzip", "compress", "x-compress", "deflate", "br", "zstd", "aws-chunked",
    ]

    static func hasTags(_ object: ObjectInfo) -> Bool {
        object.foreignFields[tagCount].flatMap { Int($0) }.map { $0 > 0 } ?? false
    }

    /// As they stand in the request, without the tags.
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

    /// The tags as `x-amz-tagging` takes them.
    static func header(of tags: TaggingDocument) -> (name: String, value: String)? {
        if tags.tags.isEmpty { return nil }
        let text = tags.tags.map { "\(PercentEncoding.encode($0.key.utf8))=\(PercentEncoding.encode($0.value.utf8))" }
        return ("x-amz-tagging", text.joined(separator: "&"))
    }
}
