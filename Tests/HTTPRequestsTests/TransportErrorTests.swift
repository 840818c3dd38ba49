import Glibc
import NIOCore
import Testing

@testable import HTTPRequests

@Suite struct TransportErrorTests {
    private func isUntouched(_ error: any Error) -> Bool {
        if case .failed(let untouched, _) = TransportError(error) { untouched } else { false }
    }

    /// A connection that the store closes while it rests in the pool takes no byte of the next request with it: a plain
    /// write, which is never sent twice, once failed for that.
    @Test func whatHasSentNothing() {
        #expect(isUntouched(ChannelError.ioOnClosedChannel))
        #expect(isUntouched(ChannelError.connectTimeout(.seconds(1))))
        #expect(isUntouched(IOError(errnoCode: ECONNREFUSED, reason: "")))
        #expect(!isUntouched(IOError(errnoCode: ECONNRESET, reason: "")))
        #expect(!isUntouched(IOError(errnoCode: EPIPE, reason: "")))
        #expect(!isUntouched(ChannelError.inputClosed))
    }
}
