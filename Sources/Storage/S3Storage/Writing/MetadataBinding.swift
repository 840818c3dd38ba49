import ObjectStorage

/// Binds metadata to the bytes of one PUT: size and MD5 are stored with them, and the ETag of a plain PUT is the MD5.
/// Other programs write objects back with all metadata that they have read (rclone, `aws s3 cp`, boto3); the ETag then
/// differs.
///
/// If the ETag is not an MD5 (KMS encryption, multipart uploads, some stores), nothing is bound. That costs a look at
/// the bytes of each version, and is never wrong.
enum MetadataBinding {
    static func text(size: Int64, etag: ETag) -> String { text(size: size, md5: etag.opaque.lowercased()) }

    /// - Parameter md5: in lower-case hexadecimal.
    static func text(size: Int64, md5: String) -> String { "\(size)-\(md5)" }
}
