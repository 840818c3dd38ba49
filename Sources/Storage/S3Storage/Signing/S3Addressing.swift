import ObjectStorage
import TextCoding

/// How a bucket and a key become a host and a path.
struct S3Addressing: Sendable {
    let endpoint: S3Endpoint
    let bucket: String
    let usesPathStyle: Bool

    init(_ configuration: S3Configuration) {
        endpoint = configuration.endpoint ?? .aws(region: configuration.region)
        bucket = configuration.bucket
        usesPathStyle = configuration.usePathStyle
    }

    /// The Host header, also used in the URL.
    var authority: String {
        usesPathStyle ? endpoint.authority : "\(bucket).\(endpoint.authority)"
    }

    /// The bytes of the path for a key, or for the bucket if it is nil.
    func path(_ key: ObjectKey?) -> [UInt8] {
        // The base path is percent-encoded, so it is decoded here and encoded again with the rest.
        var path = PercentEncoding.decode(endpoint.basePath.utf8) ?? Array(endpoint.basePath.utf8)
        if usesPathStyle { path += Array("/\(bucket)".utf8) }
        if let key { path += [UInt8(ascii: "/")] + key.bytes }
        return path.isEmpty ? [UInt8(ascii: "/")] : path
    }

    /// The URL for an encoded path and an encoded query.
    func url(path: String, query: String) -> String {
        "\(endpoint.scheme)://\(authority)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }
}
