import AccessControl
import ImageService
import ObjectStorage

/// What a request asks to do.
enum RequestAction: Sendable, Hashable {
    /// An original or a rendition.
    case read(ImagePath)
    /// Metadata; with the location of a photo, if requested.
    case describe(ImagePath, location: Bool)
    /// All paths that begin with these bytes.
    case list(prefix: [UInt8])
    case upload(ImagePath)
    /// A form names its paths later, with ``upload(_:)`` or ``uploadInto(prefix:)``.
    case uploadForm
    /// Files with generated names in a folder; no bytes are the root.
    case uploadInto(prefix: [UInt8])
    case rotate(ImagePath)
    case delete(ImagePath)
    /// Signed URLs for these images.
    case sign([ImagePath])
    /// What the credential permits.
    case showAccess
    /// The state of the server.
    case showStatus

    /// What a credential must permit. The only list of rights; docs/security.md shows the same as a table.
    var right: AccessRight {
        switch self {
        case .read(let path), .describe(let path, location: false): AccessRight(.read, [path.key.bytes])
        case .describe(let path, location: true): AccessRight([.read, .write], [path.key.bytes])
        case .upload(let path), .rotate(let path): AccessRight(.write, [path.key.bytes])
        case .list(let prefix): AccessRight(.read, [prefix])
        case .uploadForm: AccessRight(.write, [])
        case .uploadInto(let prefix): AccessRight(.write, [prefix])
        case .delete(let path): AccessRight(.delete, [path.key.bytes])
        case .sign(let paths): AccessRight(.read, paths.map(\.key.bytes))
        case .showAccess: AccessRight([], [])
        case .showStatus: AccessRight(.admin, [])
        }
    }

    /// Whether it only reads one image, which a public server shows to everybody.
    var isRead: Bool {
        switch self {
        case .read, .describe(_, location: false): true
        default: false
        }
    }

    /// Whether it shows images, or what is stored.
    var isReading: Bool {
        switch self {
        case .read, .describe, .list, .sign: true
        case .upload, .uploadForm, .uploadInto, .rotate, .delete, .showAccess, .showStatus: false
        }
    }

    /// Whether it changes what is stored.
    var isWrite: Bool {
        switch self {
        case .upload, .uploadForm, .uploadInto, .rotate, .delete: true
        case .read, .describe, .list, .sign, .showAccess, .showStatus: false
        }
    }

    /// Whether a policy's list of writers decides about it: what changes stored data at a place that is known, and what
    /// only those may see.
    var isWriting: Bool {
        switch self {
        case .describe(_, location: true), .upload, .uploadInto, .rotate, .delete: true
        // A form names its places later.
        case .read, .describe(_, location: false), .list, .uploadForm, .sign, .showAccess, .showStatus: false
        }
    }

    /// Whether it changes stored data, or shows data that only writers may see.
    var needsWriter: Bool {
        switch self {
        case .read, .list, .describe(_, location: false), .showAccess: false
        case .describe(_, location: true), .upload, .uploadForm, .uploadInto, .rotate, .delete, .sign, .showStatus: true
        }
    }
}

/// A scope, and the paths on which it is needed.
struct AccessRight: Sendable, Hashable {
    var scope: Scopes
    /// Paths, or beginnings of paths. Empty: the scope alone is enough.
    var paths: [[UInt8]]

    init(_ scope: Scopes, _ paths: [[UInt8]]) {
        self.scope = scope
        self.paths = paths
    }

    func isHeld(by identity: Identity) -> Bool {
        identity.scopes.isSuperset(of: scope) && paths.allSatisfy { identity.may(scope, $0) }
    }
}
