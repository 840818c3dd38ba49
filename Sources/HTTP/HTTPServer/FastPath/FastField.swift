import HTTPTypes

/// What a header field means to the fast path.
enum FastField {
    /// No fast response depends on it.
    case ignored
    case host
    case connection
    case accept
    case authorization
    /// What proxies say about the client. No response depends on it, but limits and the log do.
    case forwarded
    case forwardedFor
    case origin
    /// Conditions and ranges. The same code evaluates them as on the normal path.
    case condition(HTTPField.Name)
    /// A request with this field takes the normal path. The field says where the message ends or what happens to the
    /// connection, or asks for another representation.
    case longWay

    init(_ bytes: Span<UInt8>, _ name: Range<Int>) {
        func isName(_ known: StaticString) -> Bool { bytes.isCaseless(known, in: name) }
        self = .ignored
        // By length first: most names have a length that none of these has.
        switch name.count {
        case 2: if isName("te") { self = .longWay }
        case 3: if isName("dpr") { self = .longWay }
        case 4: if isName("host") { self = .host }
        case 5:
            if isName("range") { self = .condition(.range) }
            if isName("width") { self = .longWay }
        case 6:
            if isName("accept") { self = .accept }
            if isName("expect") { self = .longWay }
            if isName("origin") { self = .origin }
        case 7: if isName("upgrade") || isName("trailer") { self = .longWay }
        case 8:
            if isName("if-match") { self = .condition(.ifMatch) }
            if isName("if-range") { self = .condition(.ifRange) }
        case 9:
            if isName("save-data") || isName("x-api-key") { self = .longWay }
            if isName("forwarded") { self = .forwarded }
        case 10:
            if isName("connection") { self = .connection }
            if isName("sec-ch-dpr") { self = .longWay }
        case 12: if isName("sec-ch-width") { self = .longWay }
        case 13:
            if isName("if-none-match") { self = .condition(.ifNoneMatch) }
            if isName("authorization") { self = .authorization }
        case 14: if isName("content-length") || isName("http2-settings") { self = .longWay }
        case 15: if isName("x-forwarded-for") { self = .forwardedFor }
        case 16: if isName("proxy-connection") { self = .longWay }
        case 17:
            if isName("if-modified-since") { self = .condition(.ifModifiedSince) }
            if isName("transfer-encoding") { self = .longWay }
        case 19:
            if isName("if-unmodified-since") { self = .condition(.ifUnmodifiedSince) }
            if isName("proxy-authorization") { self = .longWay }
        case 21: if isName("sec-ch-viewport-width") { self = .longWay }
        default: break
        }
    }
}
