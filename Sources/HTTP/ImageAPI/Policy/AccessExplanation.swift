public import AccessControl
import HTTPTypes
public import ImageService
import ObjectStorage

/// What a caller may do with an image, judged by the policy that judges requests. For `tintype config --path`.
public struct AccessExplanation: Sendable {
    /// What the caller would do.
    public let action: String
    /// The status and the reason of a rejection; nil: it is permitted.
    public let rejection: String?

    /// Judges what can be done with an image.
    ///
    /// - Parameters:
    ///   - identity: the caller; nil: without a credential, from this machine, and under a name of it.
    public static func all(
        _ path: ImagePath, by identity: Identity?, _ access: AccessControl, _ configuration: ImagesConfiguration
    ) -> [AccessExplanation] {
        let policy = AccessPolicy(access, configuration)
        let origin = RequestOrigin(headers: [:], authority: "localhost", isLoopback: true, rawQuery: [])
        let bytes = path.key.bytes
        let folder = bytes.lastIndex(of: UInt8(ascii: "/")).map { Array(bytes[...$0]) } ?? []
        let actions: [(String, RequestAction)] = [
            ("read the image and its metadata", .read(path)), ("upload or rotate it", .upload(path)),
            ("delete it", .delete(path)), ("list its folder", .list(prefix: folder)),
            ("have a URL for it signed", .sign([path])), ("read its location", .describe(path, location: true)),
        ]
        return actions.map { name, action in
            do throws(Problem) {
                _ = try policy.judge(action, by: identity, origin)
                return AccessExplanation(action: name, rejection: nil)
            } catch {
                return AccessExplanation(action: name, rejection: "\(error.code.status.code): \(error.detail)")
            }
        }
    }
}
