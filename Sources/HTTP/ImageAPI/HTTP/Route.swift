import HTTPTypes
import ImageService
import ObjectStorage
import TextCoding

/// What a request is for, by its method and its raw target. Keys are bytes, so the target is split as bytes and
/// percent-decoded once. A router that works on strings would see other characters.
enum Route: Sendable, Hashable {
    case image(ImagePath)
    case rotate(ImagePath)
    case metadata(ImagePath)
    /// All images: listing, and upload by form.
    case collection
    /// Makes signed URLs.
    case signedURLs
    /// What the credential permits.
    case access
    /// The state of this replica.
    case status

    private static let images = Array("/api/v1/images".utf8)
    private static let metadata = Array("/api/v1/metadata/".utf8)
    private static let rotateSuffix = Array("/rotate".utf8)

    private static let fixed: [(name: [UInt8], route: Route)] = [
        (Array("/api/v1/signed-urls".utf8), .signedURLs), (Array("/api/v1/access".utf8), .access),
        (Array("/api/v1/status".utf8), .status),
    ]

    /// The path and the query of a request target in origin form. The listener passes on no other form.
    static func split(target: String) -> (path: ArraySlice<UInt8>, query: ArraySlice<UInt8>) {
        let bytes = Array(target.utf8)[...]
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return (bytes, []) }
        return (bytes[..<mark], bytes[bytes.index(after: mark)...])
    }

    /// - Throws: ``Problem``: an unknown route, a bad path, or a method that the route does not have.
    init(method: HTTPRequest.Method, path: ArraySlice<UInt8>) throws(Problem) {
        self = try Self.find(method, path)
        guard methods.contains(method) else {
            var problem = Problem(.methodNotAllowed, "This resource takes \(Self.list(methodsOfTarget)).")
            problem.headers[.allow] = Self.list(methodsOfTarget + [.options])
            throw problem
        }
    }

    private static func find(_ method: HTTPRequest.Method, _ path: ArraySlice<UInt8>) throws(Problem) -> Route {
        if path.elementsEqual(images) { return .collection }
        if path.starts(with: images + [UInt8(ascii: "/")]) {
            let rest = try decode(path.dropFirst(images.count + 1))
            // POST is for operations on an image. Their name follows the path.
            if method == .post, rest.count > rotateSuffix.count, rest.suffix(rotateSuffix.count) == rotateSuffix[...] {
                return .rotate(try imagePath(rest.dropLast(rotateSuffix.count)))
            }
            return .image(try imagePath(rest[...]))
        }
        if path.starts(with: metadata) {
            return .metadata(try imagePath(try decode(path.dropFirst(metadata.count))[...]))
        }
        for (name, route) in fixed where path.elementsEqual(name) { return route }
        throw Problem(.notFound, "There is no such resource.")
    }

    var methods: [HTTPRequest.Method] {
        switch self {
        case .image: [.get, .head, .put, .delete]
        case .rotate: [.post]
        case .metadata: [.get, .head]
        case .collection: [.get, .head, .post]
        case .signedURLs: [.post]
        case .access, .status: [.get, .head]
        }
    }

    /// The methods of every route that has this target: an image may be named `a/rotate`, and POST there rotates `a`.
    private var methodsOfTarget: [HTTPRequest.Method] {
        guard case .image(let path) = self, path.key.bytes.count > Self.rotateSuffix.count,
            path.key.bytes.suffix(Self.rotateSuffix.count).elementsEqual(Self.rotateSuffix)
        else { return methods }
        return methods + [.post]
    }

    /// What a path has for OPTIONS, whether or not it can name an image: a script has to learn from the request itself
    /// that its path is bad.
    ///
    /// - Returns: All methods, and whether it is an image or its metadata, which may be public.
    /// - Throws: ``Problem`` if there is no such resource.
    static func resource(
        at path: ArraySlice<UInt8>
    ) throws(Problem) -> (methods: [HTTPRequest.Method], isReadable: Bool) {
        do {
            // Only POST tells an operation on an image from an image.
            let (route, posted) = (try find(.get, path), try find(.post, path))
            let methods = route.methods + posted.methods.filter { !route.methods.contains($0) }
            switch route {
            case .image, .rotate, .metadata: return (methods, true)
            case .collection, .signedURLs, .access, .status: return (methods, false)
            }
        } catch {
            guard error.code == .badPath else { throw error }
            return (path.starts(with: metadata) ? [.get, .head] : [.get, .head, .put, .delete, .post], true)
        }
    }

    static func list(_ methods: [HTTPRequest.Method]) -> String {
        methods.map(\.rawValue).joined(separator: ", ")
    }

    private static func decode(_ raw: ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
        guard let bytes = PercentEncoding.decode(raw) else {
            throw Problem(.badPath, "The path has a % that is not followed by two hexadecimal digits.")
        }
        return bytes
    }

    private static func imagePath(_ bytes: ArraySlice<UInt8>) throws(Problem) -> ImagePath {
        do {
            return try ImagePath(bytes)
        } catch {
            throw Problem(.badPath, error.description)
        }
    }
}
