import NIOHTTP1
import ObjectStorage
import TextCoding

/// What an answer's headers tell about an object. Nothing in them is trusted.
struct ObjectHeaders: Sendable {
    static let metadataPrefix = "x-amz-meta-"
    /// Binds our metadata to the bytes that they were written with.
    static let bindingName = ObjectMetadata.ownPrefix + "bytes"

    var etag: ETag
    var lastModified: Timestamp
    var contentType: String?
    var metadata: ObjectMetadata
    /// As ``MetadataBinding`` writes it; nil if there is none.
    var binding: String?
    /// The headers that a write of ours passes on, by name.
    var foreignFields: [String: String] = [:]
    /// The length of the body.
    var contentLength: Int64

    init(_ headers: HTTPHeaders) throws(BadAnswer) {
        guard let etag = headers.first(name: "etag").flatMap({ ETag(header: $0) }) else {
            throw BadAnswer("an object without a usable ETag")
        }
        guard let date = headers.first(name: "last-modified"),
            let lastModified = Timestamp(httpDate: date) ?? Timestamp(rfc3339: date)
        else { throw BadAnswer("an object without a usable Last-Modified") }
        guard let length = headers.first(name: "content-length").flatMap({ Int64($0) }), length >= 0 else {
            throw BadAnswer("an object without a usable Content-Length")
        }
        self.etag = etag
        self.lastModified = lastModified
        contentLength = length
        contentType = headers.first(name: "content-type")
        metadata = [:]
        for (name, value) in headers {
            let name = name.lowercased()
            if name.hasPrefix(Self.metadataPrefix) {
                metadata[String(name.dropFirst(Self.metadataPrefix.count))] = value
            } else if CarriedFields.names.contains(name) {
                foreignFields[name] = value
            }
        }
        binding = metadata.removeValue(forKey: Self.bindingName)
    }

    func info(_ key: ObjectKey, size: Int64) -> ObjectInfo {
        ObjectInfo(
            key: key, size: size, etag: etag, lastModified: lastModified, contentType: contentType,
            metadata: metadata, hasBoundMetadata: binding == MetadataBinding.text(size: size, etag: etag),
            foreignFields: foreignFields)
    }
}

extension ByteRange {
    /// As in a Range header.
    var headerValue: String {
        switch self {
        case .closed(let first, let last): "bytes=\(first)-\(last)"
        case .from(let first): "bytes=\(first)-"
        case .suffix(let count): "bytes=-\(count)"
        }
    }
}
