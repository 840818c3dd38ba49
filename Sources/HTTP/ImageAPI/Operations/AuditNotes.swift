import AccessControl
import ImageService
import ObjectStorage

/// What the audit log tells about a request: what it was to do, and what it has written.
struct AuditNotes: Sendable {
    /// One file that was written, or that was to be written.
    struct Write: Sendable {
        /// As ``RequestAction/auditName``.
        var action: String
        /// Nil if it was rejected before it had one.
        var path: String?
        /// The version that was there, as the server saw it; nil if there was none, or if it is not known.
        var before: String?
        /// The version that is there now; nil after a delete, and if nothing was written.
        var after: String?
        /// Why this file of a form was rejected.
        var problem: ProblemCode?
    }

    /// Nil: the request was rejected before anybody was asked.
    private(set) var action: String?
    /// The image that the request names, if it is about one.
    private(set) var path: String?
    /// The folder that a listing or a form names.
    private(set) var prefix: String?
    private(set) var isWrite = false
    private(set) var usesAdmin = false
    /// Whose credential was rejected; only if it was valid, but does not permit the request.
    var rejectedIdentity: String?
    /// What was written, in order.
    var writes: [Write] = []

    /// The policy is asked about an action. A form, and a list of URLs to sign, are judged again when their places are
    /// known.
    mutating func judge(_ action: RequestAction) {
        if action.right.scope.contains(.admin) { usesAdmin = true }
        path = action.path?.key.text ?? path
        prefix = action.prefix.map { String(decoding: $0, as: UTF8.self) } ?? prefix
        guard self.action == nil else { return }
        self.action = action.auditName
        isWrite = action.isWrite
    }
}

extension RequestAction {
    /// For the audit log.
    var auditName: String {
        switch self {
        case .read: "read"
        case .describe(_, let location): location ? "read_location" : "read_metadata"
        case .list: "list"
        case .upload: "upload"
        case .uploadForm, .uploadInto: "form_upload"
        case .rotate: "rotate"
        case .delete: "delete"
        case .sign: "sign_url"
        case .showAccess: "show_access"
        case .showStatus: "show_status"
        }
    }

    /// Of a list of URLs to sign, the first.
    fileprivate var path: ImagePath? {
        switch self {
        case .read(let path), .describe(let path, _), .upload(let path), .rotate(let path), .delete(let path): path
        case .sign(let paths): paths.first
        case .list, .uploadForm, .uploadInto, .showAccess, .showStatus: nil
        }
    }

    fileprivate var prefix: [UInt8]? {
        switch self {
        case .list(let prefix), .uploadInto(let prefix): prefix
        case .read, .describe, .upload, .rotate, .delete, .uploadForm, .sign, .showAccess, .showStatus: nil
        }
    }
}
