import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// Stands between a client and an S3 server on 127.0.0.1 and breaks what a test wants broken. Requests pass through
/// unchanged, Host header included, so that their signatures hold.
///
///     let proxy = try await FaultProxy.start(to: server.port) { $0.number % 3 == 0 ? .dropAnswer : .none }
///     defer { proxy.stop() }
public final class FaultProxy: Sendable {
    /// Decides what happens to an exchange; called once for each, from any thread.
    public typealias Plan = @Sendable (Exchange) -> Fault

    private struct State {
        var plan: Plan
        var count = 0
        var seen: [Exchange] = []
    }

    /// On 127.0.0.1.
    public let port: Int
    private let listener: NIOAsyncChannel<ProxyConnection.Client, Never>
    private let state: NIOLockedValueBox<State>
    private let task: NIOLockedValueBox<Task<Void, Never>?>

    /// What a client is given as the store's URL.
    public var endpoint: String { "http://127.0.0.1:\(port)" }

    /// Every exchange so far.
    public var exchanges: [Exchange] { state.withLockedValue { $0.seen } }

    /// Listens on a free port.
    ///
    /// - Parameter target: the port that the server listens on.
    public static func start(to target: Int, plan: @escaping Plan = { _ in .none }) async throws -> FaultProxy {
        let port = FreePorts.take()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try ProxyConnection.clientChannel(channel) }
            }
        return FaultProxy(port: port, target: target, listener: listener, plan: plan)
    }

    private init(
        port: Int, target: Int, listener: NIOAsyncChannel<ProxyConnection.Client, Never>, plan: @escaping Plan
    ) {
        self.port = port
        self.listener = listener
        let state = NIOLockedValueBox(State(plan: plan))
        self.state = state
        task = NIOLockedValueBox(nil)
        let serving = Task<Void, Never> {
            _ = try? await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask {
                            await ProxyConnection.serve(connection, target: target) { Self.judge($0, state) }
                        }
                    }
                }
            }
        }
        task.withLockedValue { $0 = serving }
    }

    deinit { stop() }

    /// From the next exchange on.
    public func setPlan(_ plan: @escaping Plan) {
        state.withLockedValue { $0.plan = plan }
    }

    /// Cuts every connection and stops listening.
    public func stop() {
        task.withLockedValue { task in
            task?.cancel()
            task = nil
        }
        listener.channel.close(promise: nil)
    }

    private static func judge(_ head: HTTPRequestHead, _ state: NIOLockedValueBox<State>) -> Fault {
        let (plan, exchange) = state.withLockedValue { state in
            state.count += 1
            let exchange = Exchange(
                number: state.count, method: head.method.rawValue, uri: head.uri,
                range: head.headers.first(name: "range"))
            state.seen.append(exchange)
            return (state.plan, exchange)
        }
        return plan(exchange)
    }
}
