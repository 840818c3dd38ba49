import ObjectStorage
import TextCoding

/// AWS signature version 4, pure: same input, same signature (AWS IAM User Guide, "Signature Version 4 for API
/// requests"; "Authenticating Requests: Using Query Parameters" in the S3 API reference for the presigned form).
struct SignatureV4: Sendable {
    var region: String
    var service = "s3"
    /// Whether `.`, `..` and double slashes are removed from the path. Every service but S3 does this; in S3 they are
    /// part of the key.
    var normalizesPath = false
    /// Whether the body's hash is sent, and signed, in its own header. S3 requires it.
    var sendsPayloadHash = true
    /// Whether the signature covers a session token; for a few services it is added afterwards.
    var signsSessionToken = true

    /// A signature and the texts that it was made from, which tests compare.
    struct Trace: Sendable {
        var canonicalRequest: String
        var stringToSign: String
        var signature: String
    }

    /// The headers that sign `request`, to be sent with its own.
    func sign(
        _ request: SignableRequest, payload: PayloadHash, credentials: SigningCredentials, at time: Timestamp
    ) -> (headers: [(name: String, value: String)], trace: Trace) {
        let date = Self.date(time)
        var added = [(name: "x-amz-date", value: date)]
        if sendsPayloadHash { added.append(("x-amz-content-sha256", payload.text)) }
        let token = credentials.sessionToken.map { (name: "x-amz-security-token", value: $0) }
        if let token, signsSessionToken { added.append(token) }

        let headers = CanonicalHeaders(request.headers + added)
        let trace = trace(
            method: request.method, path: request.path, query: Self.canonical(request.query), headers: headers,
            payload: payload, date: date, credentials: credentials)
        let scope = "\(credentials.accessKey)/\(scope(date))"
        let value = "Credential=\(scope), SignedHeaders=\(headers.names), Signature=\(trace.signature)"
        if let token, !signsSessionToken { added.append(token) }
        added.append(("authorization", "AWS4-HMAC-SHA256 \(value)"))
        return (added, trace)
    }

    /// The encoded query that presigns `request`: its own parameters, those of the signature, and the signature at the
    /// end.
    ///
    /// - Parameter lifetime: in seconds, 1 to 604,800, which is S3's limit.
    func presign(
        _ request: SignableRequest, payload: PayloadHash = .unsigned, lifetime: Int,
        credentials: SigningCredentials, at time: Timestamp
    ) -> (query: String, trace: Trace) {
        let date = Self.date(time)
        let headers = CanonicalHeaders(request.headers)
        var items = request.query
        items.append(QueryItem("X-Amz-Algorithm", "AWS4-HMAC-SHA256"))
        items.append(QueryItem("X-Amz-Credential", "\(credentials.accessKey)/\(scope(date))"))
        items.append(QueryItem("X-Amz-Date", date))
        items.append(QueryItem("X-Amz-Expires", String(lifetime)))
        items.append(QueryItem("X-Amz-SignedHeaders", headers.names))
        let token = credentials.sessionToken.map { QueryItem("X-Amz-Security-Token", $0) }
        if let token, signsSessionToken { items.append(token) }

        var query = Self.canonical(items)
        let trace = trace(
            method: request.method, path: request.path, query: query, headers: headers, payload: payload, date: date,
            credentials: credentials)
        if let token, !signsSessionToken { query += "&\(token.encoded)" }
        return ("\(query)&X-Amz-Signature=\(trace.signature)", trace)
    }

    /// The path as it is signed, and as it must be sent.
    func canonicalPath(_ path: [UInt8]) -> String {
        PercentEncoding.encode(normalizesPath ? Self.normalized(path) : path, keepingSlashes: true)
    }

    /// The query as it is signed, and as it can be sent.
    static func canonical(_ query: [QueryItem]) -> String {
        query.map { (name: PercentEncoding.encode($0.name.utf8), value: PercentEncoding.encode($0.value)) }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    private func trace(
        method: String, path: [UInt8], query: String, headers: CanonicalHeaders, payload: PayloadHash, date: String,
        credentials: SigningCredentials
    ) -> Trace {
        let canonicalRequest = [
            method, canonicalPath(path), query, headers.lines, headers.names, payload.text,
        ].joined(separator: "\n")
        let stringToSign = [
            "AWS4-HMAC-SHA256", date, scope(date), Hashing.sha256(canonicalRequest.utf8),
        ].joined(separator: "\n")
        let dayKey = Hashing.hmac(String(date.prefix(8)), key: Array("AWS4\(credentials.secretKey)".utf8))
        let regionKey = Hashing.hmac(region, key: dayKey)
        let serviceKey = Hashing.hmac(service, key: regionKey)
        let signingKey = Hashing.hmac("aws4_request", key: serviceKey)
        let signature = Hexadecimal.encode(Hashing.hmac(stringToSign, key: signingKey))
        return Trace(canonicalRequest: canonicalRequest, stringToSign: stringToSign, signature: signature)
    }

    private func scope(_ date: String) -> String {
        "\(date.prefix(8))/\(region)/\(service)/aws4_request"
    }

    /// `20150830T123600Z`.
    private static func date(_ time: Timestamp) -> String {
        time.rfc3339.filter { $0 != "-" && $0 != ":" }
    }

    /// RFC 3986, section 5.2.4, and empty segments are removed too.
    private static func normalized(_ path: [UInt8]) -> [UInt8] {
        var kept: [ArraySlice<UInt8>] = []
        let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for segment in segments where !segment.isEmpty && !segment.elementsEqual(".".utf8) {
            if segment.elementsEqual("..".utf8) { _ = kept.popLast() } else { kept.append(segment) }
        }
        let endsWithSlash = segments.last.map { $0.isEmpty || $0.elementsEqual(".".utf8) } ?? true
        let joined = Array(kept.joined(separator: [UInt8(ascii: "/")]))
        return [UInt8(ascii: "/")] + joined + (endsWithSlash && !kept.isEmpty ? [UInt8(ascii: "/")] : [])
    }
}

/// The headers that a signature covers: names in lower case and sorted, values trimmed with inner white space reduced
/// to one space, values of the same name joined in order.
private struct CanonicalHeaders {
    /// One `name:value` line each, always with its line feed.
    let lines: String
    /// `host;x-amz-date`.
    let names: String

    init(_ headers: [(name: String, value: String)]) {
        var values: [String: [String]] = [:]
        for (name, value) in headers {
            let words = value.utf8.split { " \t\r\n".utf8.contains($0) }
            let folded = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            values[name.lowercased(), default: []].append(folded)
        }
        let sorted = values.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
        lines = sorted.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
        names = sorted.map(\.key).joined(separator: ";")
    }
}
