import HTTPServer
import ImageService
import NIOCore
import Testing

@testable import ImageAPI

@Suite struct ClientIdentityTests {
    private func client(_ address: String) throws -> ClientIdentity {
        ClientIdentity(try SocketAddress(ipAddress: address, port: .random(in: 1...65_535)))
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"),
    ]) func `one client`(one: String, other: String) throws {
        #expect(try client(one) == client(other))
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.2"), ("192.0.2.1", "193.0.2.1"), ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("::1", "0.0.0.1"), ("::fffe:c000:201", "192.0.2.1"),
    ]) func `two clients`(one: String, other: String) throws {
        #expect(try client(one) != client(other))
    }

    @Test func `all unknown clients are one client`() throws {
        #expect(ClientIdentity(nil) == ClientIdentity(try SocketAddress(unixDomainSocketPath: "/tmp/socket")))
        #expect(try ClientIdentity(nil) != client("127.0.0.1"))
    }
}
