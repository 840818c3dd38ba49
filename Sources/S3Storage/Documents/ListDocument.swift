/// A page of ListObjectsV2.
struct ListDocument: Decodable, Sendable {
    struct Entry: Decodable, Sendable {
        var key: String
        var lastModified: String?
        var etag: String?
        var size: String?

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case lastModified = "LastModified"
            case etag = "ETag"
            case size = "Size"
        }
    }

    struct CommonPrefix: Decodable, Sendable {
        var prefix: String

        enum CodingKeys: String, CodingKey {
            case prefix = "Prefix"
        }
    }

    var encodingType: String?
    var isTruncated: String?
    var nextContinuationToken: String?
    var contents: [Entry]?
    var commonPrefixes: [CommonPrefix]?

    enum CodingKeys: String, CodingKey {
        case encodingType = "EncodingType"
        case isTruncated = "IsTruncated"
        case nextContinuationToken = "NextContinuationToken"
        case contents = "Contents"
        case commonPrefixes = "CommonPrefixes"
    }
}
