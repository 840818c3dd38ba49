import NIOCore

extension HTTPConnectionHandler {
    /// The peer is known: that of the connection, or the client for whom a proxy has opened it.
    func notePeer(_ peer: SocketAddress?) {
        self.client = RequestClient(peer)
        self.proxies = self.core.configuration.proxies.flatMap { proxies in
            peer.map(proxies.isProxy) == true ? proxies : nil
        }
        self.lastNamed = nil
    }

    /// The peer is no proxy whose fields about the client are believed.
    func distrustFields() {
        self.proxies = nil
        self.lastNamed = nil
    }

    /// Who sent a request with these fields.
    func client(_ fields: ForwardingFields?) -> RequestClient? {
        guard let fields, let proxies, let peer = self.client?.address else { return self.client }
        if let lastNamed, lastNamed.fields == fields { return lastNamed.client }
        let client = RequestClient(
            proxies.client(behind: peer, forwardedFor: fields.forwardedFor, forwarded: fields.forwarded))
        // A long field is not worth the memory of every connection.
        self.lastNamed = fields.byteCount <= Self.maximumRememberedBytes ? (fields, client) : nil
        return client
    }

    private static var maximumRememberedBytes: Int { 512 }
}
