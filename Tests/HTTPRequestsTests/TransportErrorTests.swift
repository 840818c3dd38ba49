import Glibc
import NIOCore
import Testing

@testable import HTTPRequests

@Suite struct TransportErrorTests {
    private func isUntouched(_ error: any Error) -> Bool {
        if case .failed(let untouched, _) = TransportError(error) { untouched } else { false }
    }

    /// If the store closes an idle connection of the pool, no byte of the next request was sent on it. A plain write is
    /// never sent twice, and once failed for this reason.
    @Test func errorsBeforeTheFirstByteAreRecognised() {
        #expect(isUntouched(ChannelError.ioOnClosedChannel))
        #expect(isUntouched(ChannelError.connectTimeout(.seconds(1))))
        #expect(isUntouched(IOError(errnoCode: ECONNREFUSED, reason: "")))
        #expect(!isUntouched(IOError(errnoCode: ECONNRESET, reason: "")))
        #expect(!isUntouched(IOError(errnoCode: EPIPE, reason: "")))
        #expect(!isUntouched(ChannelError.inputClosed))
    }
}
