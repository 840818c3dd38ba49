import HTTPTypes
import NIOCore
import Synchronization
import TestListener
import Testing

@testable import HTTPServer

@Suite struct ListenerPartsTests {
    @Test(arguments: [
        // RFC 9110 section 5.6.7, the epoch, a leap day, and a day after the end of the 32-bit clock.
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ]) func datesHaveTheFormOfRFC9110(second: Int, expected: String) {
        #expect(HTTPDateCache { second }.text == expected)
    }

    @Test func aNewSecondIsANewDate() {
        let second = Atomic<Int>(0)
        let box = Box(second)
        let cache = HTTPDateCache { box.value.load(ordering: .relaxed) }
        #expect(cache.text == "Thu, 01 Jan 1970 00:00:00 GMT")
        box.value.store(61, ordering: .relaxed)
        #expect(cache.text == "Thu, 01 Jan 1970 00:01:01 GMT")
    }

    private final class Box: Sendable {
        let value: Atomic<Int>
        init(_ value: consuming Atomic<Int>) { self.value = value }
    }

    @Test func requestIDsAreSixteenDigitsAndNeverTwiceTheSame() {
        let ids = RequestIDs()
        let many = Set((0..<10_000).map { _ in ids.next() })
        #expect(many.count == 10_000)
        #expect(many.allSatisfy { $0.text.utf8.count == 16 && $0.text.allSatisfy(\.isHexDigit) })
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.9", true), ("128.0.0.1", false), ("10.127.0.1", false), ("0.0.0.0", false),
        ("::1", true), ("::2", false), ("::", false), ("::ffff:127.0.0.1", true), ("::ffff:10.0.0.1", false),
        ("fe80::1", false), ("::127.0.0.1", false),
    ]) func loopbackAddressesAreRecognised(address: String, expected: Bool) throws {
        #expect(try SocketAddress(ipAddress: address, port: 80).isLoopback == expected)
    }

    @Test func theStatesOfAShutdownOnlyGoForward() {
        let drain = DrainState()
        #expect(drain.phase == .running)
        drain.advance(to: .stopping)
        drain.advance(to: .draining)
        #expect(drain.phase == .stopping)
    }

    @Test func theWaiterReturnsWhenTheCountIsZero() async {
        let count = ActivityCount()
        await count.waitUntilZero()
        count.enter()
        count.enter()
        let done = Notes<Bool>()
        let waiter = Task {
            await count.waitUntilZero()
            done.add(true)
        }
        count.leave()
        #expect(done.all.isEmpty)
        count.leave()
        await waiter.value
        #expect(count.count == 0)
    }

    @Test func aCancelledWaiterReturns() async {
        let count = ActivityCount()
        count.enter()
        let waiter = Task { await count.waitUntilZero() }
        waiter.cancel()
        await waiter.value
        #expect(count.count == 1)
    }

    @Test func aHeadIsWrittenWithItsFieldsUnchanged() {
        var buffer = ByteBuffer()
        var fields: HTTPFields = [.eTag: "\"a\"", .connection: "upgrade", .date: "then"]
        fields.append(HTTPField(name: .vary, value: "Accept"))
        fields.append(HTTPField(name: .vary, value: "Origin"))
        fields.append(HTTPField(name: .cacheStatus, value: "bad\r\nSet-Cookie: x=y"))
        ResponseHeadEncoder.encode(
            HTTPResponse(status: .init(code: 207, reasonPhrase: "Multi-Status"), headerFields: fields),
            additions: .init(connection: "close", date: "now", requestID: "17"),
            into: &buffer
        )
        let expected = """
            HTTP/1.1 207 Multi-Status\r\nETag: "a"\r\nDate: then\r\nVary: Accept\r\nVary: Origin\r\n\
            Cache-Status: bad  Set-Cookie: x=y\r\nX-Request-Id: 17\r\nConnection: close\r\n\r\n
            """
        #expect(String(buffer: buffer) == expected)
    }
}

extension HTTPField.Name {
    fileprivate static var cacheStatus: Self { HTTPField.Name("Cache-Status") ?? .age }
}
