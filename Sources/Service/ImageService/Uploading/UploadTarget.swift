import ImageModel

/// Where an upload goes.
enum UploadTarget: Sendable {
    case fixed(ImagePath)
    /// This random name, and the extension of the format, which only the bytes tell.
    case made(stem: [UInt8])

    /// 128 random bits after a prefix.
    static func random(behind prefix: [UInt8]) -> UploadTarget {
        .made(stem: prefix + Array(Base32.encode(.random(in: .min ... .max)).utf8))
    }

    func path(for format: ImageFormat) throws(ServiceError) -> ImagePath {
        switch self {
        case .fixed(let path): return path
        case .made(let stem):
            do {
                return try ImagePath(stem + Array(".\(format.capabilities.fileExtension)".utf8))
            } catch {
                throw .badPath(error)
            }
        }
    }
}
