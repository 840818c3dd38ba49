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
    private(set) var isWrite = false
    private(set) var usesAdmin = false
    /// Whose credential was rejected; only if it was valid, but does not permit the request.
    var rejectedIdentity: String?
    /// What was written, in order.
    var writes: [Write] = []

    /// The policy is asked about an action. A form is judged again at its first file.
    mutating func judge(_ action: RequestAction) {
        if action.right.scope.contains(.admin) { usesAdmin = true }
        guard self.action == nil else { return }
        self.action = action.auditName
        isWrite = action.isWrite
        path = action.path?.key.text
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

    fileprivate var isWrite: Bool {
        switch self {
        case .upload, .uploadForm, .uploadInto, .rotate, .delete: true
        case .read, .describe, .list, .sign, .showAccess, .showStatus: false
        }
    }

    fileprivate var path: ImagePath? {
        switch self {
        case .read(let path), .describe(let path, _), .upload(let path), .rotate(let path), .delete(let path): path
        case .list, .uploadForm, .uploadInto, .sign, .showAccess, .showStatus: nil
        }
    }
}
