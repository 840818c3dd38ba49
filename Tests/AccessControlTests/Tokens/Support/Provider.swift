import NIOConcurrencyHelpers

@testable import AccessControl

/// An identity provider whose answers the test chooses.
final class Provider: Sendable {
    private struct State {
        var answer: Result<[UInt8], KeySetFetchError>
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var fetches = 0
    }

    private let state: NIOLockedValueBox<State>

    init(_ jwks: [UInt8]) {
        state = NIOLockedValueBox(State(answer: .success(jwks)))
    }

    /// How often it was asked.
    var fetches: Int { state.withLockedValue { $0.fetches } }

    func answer(_ jwks: [UInt8]) { state.withLockedValue { $0.answer = .success(jwks) } }

    func fail(_ error: KeySetFetchError) { state.withLockedValue { $0.answer = .failure(error) } }

    /// From now on, whoever asks waits.
    func hold() { state.withLockedValue { $0.isHeld = true } }

    func release() {
        let waiting = state.withLockedValue { state in
            defer { state.waiting = [] }
            state.isHeld = false
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    var keySet: RemoteKeySet {
        RemoteKeySet(host: "idp.example") { () async throws(KeySetFetchError) in try await self.fetch() }
    }

    private func fetch() async throws(KeySetFetchError) -> [UInt8] {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLockedValue { state in
                state.fetches += 1
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !mustWait { continuation.resume() }
        }
        return try state.withLockedValue { $0.answer }.get()
    }
}
