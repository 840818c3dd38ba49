public import ObjectStorage
import TextCoding

/// One page of a listing.
public struct ImagePage: Sendable {
    /// The pictures of the page, without content type and metadata.
    public var items: [ObjectInfo]
    /// Each with its slash at the end.
    public var prefixes: [[UInt8]]
    /// Opaque; nil on the last page.
    public var cursor: String?
}

/// Lists the store as clients see it: without the server's own objects, which are skipped and not read.
struct Listing: Sendable {
    let storage: any ObjectStorage

    /// All of the server's own objects are below this.
    private static let own = Array((ImagePath.ownPrefix + "/").utf8)
    /// Sorts after every key of the server's own: U+10FFFF is the last character there is.
    private static let behindOwn = own + [0xF4, 0x8F, 0xBF, 0xBF]

    func list(_ request: ListRequest) async throws(ServiceError) -> ImagePage {
        guard !request.prefix.starts(with: Self.own) else { return ImagePage(items: [], prefixes: []) }
        var request = request
        if let cursor = request.cursor {
            guard let place = Cursor(cursor) else { throw .badCursor }
            place.apply(to: &request)
        }
        while true {
            let page: ListPage
            do {
                page = try await storage.list(request)
            } catch {
                throw ServiceError(error)
            }
            let endsInOwn = page.items.last.map { $0.key.hasPrefix(Self.own) } ?? false
            let items = page.items.filter { !$0.key.hasPrefix(Self.own) }
            let prefixes = page.prefixes.filter { !$0.starts(with: Self.own) }
            let next = page.cursor.map { endsInOwn ? Cursor.behind(Self.behindOwn) : .store($0) }
            // This page held nothing but our own objects: go on to the first page with others.
            guard items.isEmpty, prefixes.isEmpty, let next else {
                return ImagePage(items: items, prefixes: prefixes, cursor: next?.text)
            }
            next.apply(to: &request)
        }
    }

    /// Where a listing continues: the store's own cursor, or a key to start after.
    private enum Cursor {
        case store(String)
        case behind([UInt8])

        init?(_ text: String) {
            guard let kind = text.utf8.first, let bytes = Base64URL.decode(text.dropFirst()) else { return nil }
            switch kind {
            case UInt8(ascii: "s"):
                guard let cursor = String(validating: bytes, as: UTF8.self) else { return nil }
                self = .store(cursor)
            case UInt8(ascii: "k"): self = .behind(bytes)
            default: return nil
            }
        }

        var text: String {
            switch self {
            case .store(let cursor): "s" + Base64URL.encode(cursor.utf8)
            case .behind(let key): "k" + Base64URL.encode(key)
            }
        }

        func apply(to request: inout ListRequest) {
            request.cursor = nil
            request.startAfter = nil
            switch self {
            case .store(let cursor): request.cursor = cursor
            case .behind(let key): request.startAfter = key
            }
        }
    }
}
