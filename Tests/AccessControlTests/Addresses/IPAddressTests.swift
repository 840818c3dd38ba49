import Testing

@testable import AccessControl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("IP addresses")
struct IPAddressTests {
    private func bytes(_ text: String) -> [UInt8]? { IPAddress(text.utf8)?.bytes }

    /// As the system reads it.
    private func systemBytes(_ text: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    @Test(
        "Texts that are addresses",
        arguments: [
            "0.0.0.0", "1.2.3.4", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:DB8:0:0:0:0:0:1",
            "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "fe80::1", "64:ff9b::192.0.2.33",
            "1:2:3:4:5:6:192.0.2.1", "::ffff:0:1.2.3.4", "0001:0002::",
        ])
    func valid(_ text: String) {
        #expect(bytes(text) != nil)
        #expect(bytes(text) == systemBytes(text))
    }

    @Test("An IPv4 address mapped into IPv6 is the IPv4 address", arguments: ["::ffff:1.2.3.4", "::FFFF:102:304"])
    func mapped(_ text: String) {
        #expect(bytes(text) == [1, 2, 3, 4])
        #expect(IPAddress(text.utf8) == IPAddress("1.2.3.4".utf8))
        #expect(IPAddress(bytes: systemBytes(text) ?? []) == IPAddress("1.2.3.4".utf8))
    }

    @Test(
        "Texts that are none",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3",
            "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "-1.2.3.4", "1.2.3.-4", "1,2,3,4", "localhost", "unknown",
            "_hidden", ":", ":::", "1:::2", "::1::", "1::2::3", ":1", "1:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "-1::", "+1::", "-0::",
            "fe80::1%eth0", "[::1]", "::1/64", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", "::1.2.3.4:5", "1.2.3.4:80",
            "1:2:3:4:5:6:7:1.2.3.4", "١.2.3.4", String(repeating: "1", count: 1_000),
            String(repeating: ":", count: 1_000), String(repeating: "1.", count: 1_000),
        ])
    func invalid(_ text: String) {
        #expect(bytes(text) == nil)
        #expect(systemBytes(text) == nil)
    }

    @Test("Random texts of the letters of addresses are read as the system reads them")
    func random() {
        var generator = SystemRandomNumberGenerator()
        var addresses = 0
        for _ in 0..<200_000 {
            // Mostly valid, and changed in one place.
            var text = (0..<Int.random(in: 2...8, using: &generator)).map { _ in
                ["", "0", "1", "ab", "ffff", "1.2.3.4"].randomElement(using: &generator) ?? ""
            }.joined(separator: ":")
            if Bool.random(using: &generator) {
                let letter = "0189afg:.%+- ".randomElement(using: &generator) ?? "0"
                let place = text.utf8.isEmpty ? 0 : Int.random(in: 0..<text.count, using: &generator)
                text.insert(letter, at: text.index(text.startIndex, offsetBy: place))
            }
            let expected = systemBytes(text).flatMap { IPAddress(bytes: $0) }
            #expect(IPAddress(text.utf8) == expected, "\(text)")
            if expected != nil { addresses += 1 }
        }
        #expect(addresses > 1_000)
    }

    @Test("Bytes of another length are no address", arguments: [0, 3, 5, 15, 17])
    func length(_ count: Int) { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }

    @Test(
        "Networks",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "9.255.255.255", false), ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false),
            ("192.0.2.7/32", "192.0.2.7", true), ("192.0.2.6/31", "192.0.2.7", true),
            ("192.0.2.6/31", "192.0.2.8", false), ("128.0.0.0/1", "255.0.0.1", true),
            ("128.0.0.0/1", "127.0.0.1", false),
            ("fd00::/8", "fdff:1::", true), ("fd00::/8", "fe00::", false),
            ("2001:db8::/64", "2001:db8::ffff:0:0:1", true),
            ("2001:db8::/64", "2001:db8:0:1::", false), ("2001:db8::/65", "2001:db8:0:0:7fff::", true),
            ("2001:db8::/65", "2001:db8:0:0:8000::", false), ("::1/128", "::1", true), ("::1", "::2", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:0:0/96", "1.2.3.4", true), ("10.0.0.0/8", "::10.1.2.3", false), ("10.0.0.0/8", "a00::", false),
        ])
    func networks(_ network: String, _ address: String, _ isInside: Bool) throws {
        let network = try #require(IPNetwork(network))
        #expect(network.contains(try #require(IPAddress(address.utf8))) == isInside)
    }

    @Test(
        "Texts that are no networks",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/0", "0.0.0.0/0", "::/0", "::/129", "10.0.0.0/-1",
            "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/08x", "10.0.0.1/8", "10.0.0.0/255.0.0.0", "fd00::1/8", "10/8",
            "[::1]", "localhost", "10.0.0.0 /8", "10.0.0.0/0008", "*", "private",
        ])
    func noNetworks(_ text: String) { #expect(IPNetwork(text) == nil) }
}
