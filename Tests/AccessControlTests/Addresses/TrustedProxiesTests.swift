import Testing

@testable import AccessControl

/// 10.0.0.0/8 and fd00::/8 are our proxies. 192.0.2.0/24 and 2001:db8::/32 are clients, and 203.0.113.0/24 is what
/// attackers write.
@Suite("The client behind proxies")
struct TrustedProxiesTests {
    private static let proxies = TrustedProxies(["10.0.0.0/8", "fd00::/8"].compactMap { IPNetwork($0) })

    private func client(
        _ peer: String = "10.0.0.1", forwardedFor: [String] = [], forwarded: [String] = []
    ) throws -> IPAddress {
        Self.proxies.client(
            peer: try #require(IPAddress(peer.utf8)), forwardedFor: forwardedFor.map { Array($0.utf8) },
            forwarded: forwarded.map { Array($0.utf8) })
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text.utf8)) }

    @Test("A peer that is no proxy is the client, whatever it writes")
    func untrusted() throws {
        for peer in ["192.0.2.1", "2001:db8::1", "11.0.0.1"] {
            let found = try client(peer, forwardedFor: ["203.0.113.9"], forwarded: ["for=203.0.113.9"])
            #expect(try found == address(peer))
        }
    }

    @Test(
        "X-Forwarded-For",
        arguments: [
            (["192.0.2.1"], "192.0.2.1"),
            // Left entries are written by the client.
            (["203.0.113.9, 192.0.2.1"], "192.0.2.1"), (["203.0.113.9,10.0.0.7,192.0.2.1"], "192.0.2.1"),
            (["203.0.113.9", "192.0.2.1"], "192.0.2.1"), (["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
            // Proxies behind each other.
            (["203.0.113.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1"), (["192.0.2.1, 10.0.0.3, 10.0.0.2"], "192.0.2.1"),
            (["192.0.2.1", "10.0.0.3", "10.0.0.2"], "192.0.2.1"), (["192.0.2.1, fd00::2"], "192.0.2.1"),
            (["192.0.2.1, ::ffff:10.0.0.2"], "192.0.2.1"),
            // All of them are proxies: the first one is the client.
            (["10.0.0.3, 10.0.0.2"], "10.0.0.3"), (["10.0.0.9"], "10.0.0.9"),
            // Blanks and empty parts.
            (["  192.0.2.1\t"], "192.0.2.1"), (["192.0.2.1,,"], "192.0.2.1"),
            (["192.0.2.1, , 10.0.0.2 ,"], "192.0.2.1"),
            ([""], "10.0.0.1"), ([",,,"], "10.0.0.1"), ([" "], "10.0.0.1"), (["192.0.2.1", ""], "192.0.2.1"),
            // Ports and brackets.
            (["192.0.2.1:4711"], "192.0.2.1"), (["192.0.2.1:4711, 10.0.0.2:80"], "192.0.2.1"),
            (["2001:db8::1"], "2001:db8::1"), (["[2001:db8::1]"], "2001:db8::1"),
            (["[2001:db8::1]:443"], "2001:db8::1"),
            (["2001:DB8:0:0::1"], "2001:db8::1"), (["::ffff:192.0.2.1"], "192.0.2.1"),
            // What cannot be read ends the chain at the last address that could be believed.
            (["unknown"], "10.0.0.1"), (["192.0.2.1, unknown"], "10.0.0.1"),
            (["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (["192.0.2.1, _hidden, 10.0.0.2"], "10.0.0.2"), (["192.0.2.1, \"10.0.0.2\""], "10.0.0.1"),
            (["192.0.2.1, 10.0.0"], "10.0.0.1"), (["192.0.2.1, 10.0.0.02"], "10.0.0.1"),
            (["192.0.2.1:"], "10.0.0.1"), (["192.0.2.1:x"], "10.0.0.1"), (["192.0.2.1:123456"], "10.0.0.1"),
            (["[2001:db8::1"], "10.0.0.1"), (["2001:db8::1]"], "10.0.0.1"), (["[2001:db8::1]443"], "10.0.0.1"),
            (["[2001:db8::1]:"], "10.0.0.1"), (["[192.0.2.1]"], "10.0.0.1"), (["[192.0.2.1]:80"], "10.0.0.1"),
            (["fe80::1%eth0"], "10.0.0.1"), (["192.0.2.1 10.0.0.2"], "10.0.0.1"), (["192.0.2.1;10.0.0.2"], "10.0.0.1"),
            (["for=192.0.2.1"], "10.0.0.1"), (["http://192.0.2.1/"], "10.0.0.1"), (["192.0.2.1\0"], "10.0.0.1"),
            (["localhost"], "10.0.0.1"), (["2130706433"], "10.0.0.1"), (["0x7f000001"], "10.0.0.1"),
        ])
    func forwardedFor(_ lines: [String], _ expected: String) throws {
        #expect(try client(forwardedFor: lines) == address(expected))
    }

    @Test(
        "Forwarded",
        arguments: [
            (["for=192.0.2.1"], "192.0.2.1"), (["For=192.0.2.1;proto=https;by=10.0.0.1"], "192.0.2.1"),
            (["proto=https;host=a.example;FOR=192.0.2.1"], "192.0.2.1"), (["for=\"192.0.2.1\""], "192.0.2.1"),
            (["for=\"192.0.2.1:4711\""], "192.0.2.1"), (["for=\"[2001:db8::1]\""], "2001:db8::1"),
            (["for=\"[2001:db8::1]:4711\""], "2001:db8::1"), (["for=\"[2001:db8::1]:_port\""], "2001:db8::1"),
            (["for=203.0.113.9, for=192.0.2.1"], "192.0.2.1"), (["for=203.0.113.9", "for=192.0.2.1"], "192.0.2.1"),
            (["for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"), (["for=192.0.2.1,for=\"[fd00::2]:1\""], "192.0.2.1"),
            (["for=10.0.0.3, for=10.0.0.2"], "10.0.0.3"), (["for=192.0.2.1;host=\"a,b;c\", for=10.0.0.2"], "192.0.2.1"),
            ([",, for=192.0.2.1 ,,"], "192.0.2.1"), ([""], "10.0.0.1"),
            // An open quotation mark at the left swallows nothing of what the proxies have written.
            (["for=\"203.0.113.9, for=192.0.2.1"], "192.0.2.1"), (["x=\", for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"),
            (["for=203.0.113.9;a=\"\\\", for=192.0.2.1"], "192.0.2.1"),
            // What cannot be read ends the chain.
            (["for=unknown"], "10.0.0.1"), (["for=_hidden"], "10.0.0.1"), (["for=192.0.2.1, for=unknown"], "10.0.0.1"),
            (["for=192.0.2.1, for=_gazonk, for=10.0.0.2"], "10.0.0.2"), (["for=2001:db8::1"], "10.0.0.1"),
            (["for=192.0.2.1:80"], "10.0.0.1"), (["for=\"2001:db8::1\""], "10.0.0.1"),
            (["for=[2001:db8::1]"], "10.0.0.1"),
            (["for=\"[192.0.2.1]\""], "10.0.0.1"), (["for=192.0.2.1;for=203.0.113.9"], "10.0.0.1"),
            (["for=192.0.2.1;FOR=192.0.2.1"], "10.0.0.1"), (["proto=https"], "10.0.0.1"), (["for"], "10.0.0.1"),
            (["for="], "10.0.0.1"), (["for =192.0.2.1"], "10.0.0.1"), (["for= 192.0.2.1"], "10.0.0.1"),
            (["for=192.0.2.1;"], "10.0.0.1"), ([";for=192.0.2.1"], "10.0.0.1"), (["for=\"192.0.2.1"], "10.0.0.1"),
            (["for=\"192.0.2\\.1\""], "10.0.0.1"), (["for=\"192.0.2.1\"x"], "10.0.0.1"), (["192.0.2.1"], "10.0.0.1"),
            (["for=\"192.0.2.1:\""], "10.0.0.1"), (["for=\"192.0.2.1:_\""], "10.0.0.1"), (["for=\"\""], "10.0.0.1"),
            (["for=\"]\""], "10.0.0.1"), (["for=\"[]\""], "10.0.0.1"), (["for=\"[:]:1\""], "10.0.0.1"),
        ])
    func forwarded(_ lines: [String], _ expected: String) throws {
        #expect(try client(forwarded: lines) == address(expected))
    }

    /// A proxy that writes the one often passes on the other as the client has sent it.
    @Test("Forwarded is looked at only if there is no X-Forwarded-For")
    func both() throws {
        #expect(
            try client(forwardedFor: ["192.0.2.1"], forwarded: ["for=203.0.113.9"]) == address("192.0.2.1"))
        #expect(
            try client(forwardedFor: ["192.0.2.1, 10.0.0.2"], forwarded: ["for=203.0.113.9"]) == address("192.0.2.1"))
        for unreadable in ["", "unknown", ","] {
            #expect(
                try client(forwardedFor: [unreadable], forwarded: ["for=203.0.113.9"]) == address("10.0.0.1"))
        }
        #expect(try client(forwardedFor: ["10.0.0.3"], forwarded: ["for=203.0.113.9"]) == address("10.0.0.3"))
    }

    @Test("The work is bounded: 10,000 proxies are not followed")
    func bounded() throws {
        let proxies = (0..<10_000).map { "10.\($0 >> 8 & 255).\($0 & 255).1" }
        let last = try address(proxies[10_000 - TrustedProxies.maximumProxies])
        #expect(try client(forwardedFor: [proxies.joined(separator: ", ")]) == last)
        #expect(try client(forwardedFor: proxies) == last)
        #expect(try client(forwarded: [proxies.map { "for=\($0)" }.joined(separator: ",")]) == last)
        let attack = Array(repeating: "203.0.113.9", count: 10_000).joined(separator: ",")
        #expect(try client(forwardedFor: [attack + ",192.0.2.1"]) == address("192.0.2.1"))
        #expect(try client(forwardedFor: [String(repeating: ",", count: 100_000)]) == address("10.0.0.1"))
    }
}
