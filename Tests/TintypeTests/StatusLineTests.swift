import Testing

@testable import tintype

@Suite struct StatusLineTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", StatusLine.status(200)),
        ("HTTP/1.0 503", .status(503)),
        ("", .incomplete),
        ("HTTP", .incomplete),
        ("HTTP/1.1 20", .incomplete),
        ("HTTP/2 200 OK\r\n", .malformed),
        ("HTTP/1.1x200", .malformed),
        ("HTTP/1.1 2x0", .malformed),
        ("SSH-2.0", .malformed),
    ])
    func parse(_ text: String, _ line: StatusLine) {
        #expect(StatusLine.parse(text.utf8) == line)
    }
}
