import ImageRequests

extension SettingKind<AllowedOrigins> {
    /// Origins separated by commas, each as a browser writes it; `*` for public reads.
    static var origins: Self {
        Self(
            expected:
                "origins with commas between them, such as https://shop.example or http://localhost:3000: http or "
                + "https, a host, a port if needed, and no slash at the end; or * for public reads",
            parse: { text in
                var allowed = AllowedOrigins()
                for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
                    let item = piece.trimmingPrefix(" ")
                    if item == "*" {
                        guard !allowed.allowsPublicReads else { return nil }
                        allowed.allowsPublicReads = true
                    } else {
                        guard let origin = origin(String(item)), !allowed.lists(origin) else { return nil }
                        allowed.origins.append(origin)
                    }
                }
                return allowed
            },
            render: { allowed in
                allowed.isEmpty
                    ? nil : ((allowed.allowsPublicReads ? ["*"] : []) + allowed.origins).joined(separator: ",")
            },
            shape: .list
        )
    }

    /// As browsers write it (HTML, "serialization of an origin"): in lower case, without the scheme's own port.
    private static func origin(_ text: String) -> String? {
        // A base of other URLs may end with a slash; an origin may not.
        guard let url = WebURL(text), url.path.isEmpty, !text.hasSuffix("/") else { return nil }
        let isUsual = url.port == (url.scheme == .http ? 80 : 443)
        return "\(url.scheme.rawValue)://\(ListenHost.authority(of: url.host).lowercased())"
            + (isUsual ? "" : url.port.map { ":\($0)" } ?? "")
    }
}
