import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite("The PROXY protocol, version 2")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let ipv4: [UInt8] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xBB]
    private static let ipv6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 9, count: 16)
        + [0xFF, 0xFF, 0, 80]

    /// - Parameter rest: Addresses and extensions.
    private static func header(
        _ command: UInt8 = 0x21, _ family: UInt8 = 0x11, _ rest: [UInt8] = ipv4, length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? rest.count
        return signature + [command, family, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
            + rest
    }

    private static func malformed(_ result: ProxyHeader.Result) -> Bool {
        if case .malformed = result { true } else { false }
    }

    @Test("Addresses of clients")
    func addresses() {
        let four = ProxyHeader.Source(address: [192, 0, 2, 1], port: 0x1234)
        #expect(ProxyHeader.read(Self.header()) == .whole(ProxyHeader(source: four, length: 28)))
        let request = Array("GET / HTTP/1.1\r\n".utf8)
        #expect(ProxyHeader.read(Self.header() + request) == .whole(ProxyHeader(source: four, length: 28)))
        let six = ProxyHeader.Source(address: Array(Self.ipv6.prefix(16)), port: 0xFFFF)
        #expect(ProxyHeader.read(Self.header(0x21, 0x21, Self.ipv6)) == .whole(ProxyHeader(source: six, length: 52)))
        // Extensions are passed over, whatever is in them.
        let extensions = Self.ipv4 + [0x04, 0x00, 0xFF, 1, 2, 3]
        #expect(ProxyHeader.read(Self.header(0x21, 0x11, extensions)) == .whole(ProxyHeader(source: four, length: 34)))
        // UDP over IPv4 has the same addresses.
        #expect(ProxyHeader.read(Self.header(0x21, 0x12)) == .whole(ProxyHeader(source: four, length: 28)))
    }

    @Test(
        "Without the address of a client, the peer counts",
        arguments: [
            (0x20, 0x00, []), (0x20, 0x11, ipv4), (0x20, 0x21, [1, 2, 3]), (0x20, 0xFF, [1]), (0x21, 0x00, []),
            (0x21, 0x00, [1, 2, 3]),
            (0x21, 0x31, [UInt8](repeating: 0x2F, count: 216)), (0x21, 0x01, ipv4),
        ] as [(UInt8, UInt8, [UInt8])])
    func local(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) {
        let header = Self.header(command, family, rest)
        let isLocal = command == 0x20
        #expect(ProxyHeader.read(header) == .whole(ProxyHeader(source: nil, isLocal: isLocal, length: header.count)))
    }

    @Test("Every part of a header is incomplete, and nothing more")
    func parts() {
        for header in [Self.header(), Self.header(0x21, 0x21, Self.ipv6), Self.header(0x20, 0, [])] {
            for length in 0..<header.count {
                #expect(ProxyHeader.read(header.prefix(length)) == .incomplete, "\(length)")
            }
        }
    }

    @Test("Whatever else comes is malformed, as soon as that is certain")
    func malformed() {
        for place in 0..<12 {
            var changed = Self.header()
            changed[place] ^= 1
            #expect(Self.malformed(ProxyHeader.read(changed.prefix(place + 1))), "\(place)")
        }
        for text in [
            "G", "GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "\r\n\r\nGET", "\u{16}\u{3}\u{1}",
        ] {
            #expect(Self.malformed(ProxyHeader.read(Array(text.utf8))), "\(text)")
        }
        for command in UInt8.min ... .max where command != 0x20 && command != 0x21 {
            #expect(Self.malformed(ProxyHeader.read(Self.header(command).prefix(13))), "\(command)")
        }
        for family in UInt8.min ... .max where family >> 4 > 3 || family & 0xF > 2 {
            #expect(Self.malformed(ProxyHeader.read(Self.header(0x21, family).prefix(14))), "\(family)")
        }
        // Too short for the addresses, and too long.
        #expect(Self.malformed(ProxyHeader.read(Self.header(0x21, 0x11, Array(Self.ipv4.dropLast())))))
        #expect(Self.malformed(ProxyHeader.read(Self.header(0x21, 0x21, Array(Self.ipv6.dropLast())))))
        #expect(Self.malformed(ProxyHeader.read(Self.header(0x21, 0x11, [], length: 0))))
        let most = ProxyHeader.maximumRest
        #expect(ProxyHeader.read(Self.header(length: most)) == .incomplete)
        #expect(Self.malformed(ProxyHeader.read(Self.header(length: most + 1))))
        #expect(Self.malformed(ProxyHeader.read(Self.header(length: 65_535))))
        let longest = Self.header(0x21, 0x11, Self.ipv4 + [UInt8](repeating: 0, count: most - Self.ipv4.count))
        #expect(!Self.malformed(ProxyHeader.read(longest)) && ProxyHeader.read(longest) != .incomplete)
    }

    // MARK: Connections

    /// Trusts the test itself, or nobody.
    private struct Proxies: ClientNaming {
        var trusts: Bool

        func isProxy(_ peer: SocketAddress) -> Bool { self.trusts && peer.ipAddress == "127.0.0.1" }

        func client(behind peer: SocketAddress, forwardedFor: [[UInt8]], forwarded: [[UInt8]]) -> SocketAddress {
            let named = forwardedFor.first.map { String(decoding: $0, as: UTF8.self) }
            return named.flatMap { try? SocketAddress(ipAddress: $0, port: 1) } ?? peer
        }
    }

    private static let request = Array("GET /a HTTP/1.1\r\nHost: h\r\n\r\n".utf8)

    /// Sends bytes over one connection, piece by piece, and returns what comes back until it ends or answers.
    private static func send(
        _ pieces: [[UInt8]], trusts: Bool = true, headTimeout: TimeAmount = .seconds(20), until mark: String?
    ) async throws -> String {
        let answers = Notes<String>()
        try await ListenerFixture.run {
            $0.proxies = Proxies(trusts: trusts)
            $0.expectsProxyHeader = true
            $0.headTimeout = headTimeout
        } respond: { _, context in
            text(
                "from \(context.source.clientAddress?.ipAddress ?? "-") by \(context.source.remoteAddress?.ipAddress ?? "-") "
                    + "\(context.source.isLoopback)!")
        } test: { fixture in
            let client = try await fixture.client()
            for piece in pieces { try await client.send(piece) }
            if let mark {
                answers.add(try await client.receive(until: mark))
            } else {
                answers.add(try await client.receiveAll())
            }
        }
        return try #require(answers.all.first)
    }

    @Test("A proxy names the client of a connection, however its bytes are cut")
    func connection() async throws {
        let whole = Self.header() + Self.request
        for pieces in [[whole], whole.map { [$0] }, [Self.header(), Self.request]] {
            let answer = try await Self.send(pieces, until: "!")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            // A client elsewhere is not on this machine, although the proxy is.
            #expect(answer.hasSuffix("from 192.0.2.1 by 127.0.0.1 false!"))
        }
        let six = try await Self.send([Self.header(0x21, 0x21, Self.ipv6) + Self.request], until: "!")
        #expect(six.hasSuffix("from 2001:db8::1 by 127.0.0.1 false!"))
    }

    @Test("A proxy that speaks for itself is the client")
    func itself() async throws {
        for header in [Self.header(0x20, 0, []), Self.header(0x21, 0, [])] {
            let answer = try await Self.send([header + Self.request], until: "!")
            #expect(answer.hasSuffix("from 127.0.0.1 by 127.0.0.1 true!"))
        }
    }

    @Test("A client without an IP address cannot name another one; a proxy that speaks for itself can")
    func fieldsOfUnknownClients() async throws {
        let request = Array("GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n".utf8)
        for family: UInt8 in [0x00, 0x31] {
            let rest = [UInt8](repeating: 0x2F, count: family == 0 ? 0 : 216)
            let answer = try await Self.send([Self.header(0x21, family, rest) + request], until: "!")
            #expect(answer.hasSuffix("from 127.0.0.1 by 127.0.0.1 true!"))
        }
        let itself = try await Self.send([Self.header(0x20, 0, []) + request], until: "!")
        #expect(itself.hasSuffix("from 192.0.2.66 by 127.0.0.1 false!"))
    }

    @Test("A connection of a proxy without a valid header is closed without an answer")
    func closed() async throws {
        for bytes in [Self.request, Self.header(0x31) + Self.request, Self.header(0x21, 0x11, [1, 2]) + Self.request] {
            #expect(try await Self.send([bytes], until: nil) == "")
        }
        // The rest of it does not come.
        #expect(
            try await Self.send([Array(Self.header().dropLast())], headTimeout: .milliseconds(100), until: nil) == "")
        #expect(try await Self.send([], headTimeout: .milliseconds(100), until: nil) == "")
    }

    @Test("A connection of anybody else has no header")
    func others() async throws {
        let plain = try await Self.send([Self.request], trusts: false, until: "!")
        #expect(plain.hasSuffix("from 127.0.0.1 by 127.0.0.1 true!"))
        // Whoever is not trusted cannot name a client.
        let forged = try await Self.send([Self.header() + Self.request], trusts: false, until: nil)
        #expect(forged.hasPrefix("HTTP/1.1 400 ") && !forged.contains("192.0.2.1"))
    }
}
