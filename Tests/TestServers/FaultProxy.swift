import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// Sits between a client and an S3 server on 127.0.0.1, and causes the faults that a test wants. Requests pass through
/// unchanged, including the Host header, so their signatures stay valid.
///
///     let proxy = try await FaultProxy.start(to: server.port) { $0.number % 3 == 0 ? .dropAnswer : .none }
///     defer { proxy.stop() }
public final class FaultProxy: Sendable {
    /// Decides what happens to an exchange. It is called once for each exchange, from any thread.
    public typealias Plan = @Sendable (Exchange) -> Fault

    private struct State {
        var plan: Plan
        var count = 0
        var seen: [Exchange] = []
        var open: [ObjectIdentifier: any Channel] = [:]
        var isStopped = false
    }

    /// On 127.0.0.1.
    public let port: Int
    private let listener: any Channel
    private let state: NIOLockedValueBox<State>

    /// The URL of the store for a client.
    public var endpoint: String { "http://127.0.0.1:\(port)" }

    /// All exchanges so far.
    public var exchanges: [Exchange] { state.withLockedValue { $0.seen } }

    /// Listens on a free port.
    ///
    /// - Parameter target: the port that the server listens on.
    public static func start(to target: Int, plan: @escaping Plan = { _ in .none }) async throws -> FaultProxy {
        let port = FreePorts.take()
        let state = NIOLockedValueBox(State(plan: plan))
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = try ProxyConnection.clientChannel(channel)
                    // Starts a task at once, because an asynchronous channel must not be released without being run.
                    Task { await Self.serve(connection, target: target, state) }
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
        return FaultProxy(port: port, listener: listener, state: state)
    }

    private init(port: Int, listener: any Channel, state: NIOLockedValueBox<State>) {
        self.port = port
        self.listener = listener
        self.state = state
    }

    deinit { stop() }

    private static func serve(
        _ connection: ProxyConnection.Client, target: Int, _ state: NIOLockedValueBox<State>
    ) async {
        let id = ObjectIdentifier(connection.channel)
        let isStopped = state.withLockedValue { state in
            state.open[id] = connection.channel
            return state.isStopped
        }
        if isStopped { connection.channel.close(promise: nil) }
        await ProxyConnection.serve(connection, target: target) { judge($0, state) }
        state.withLockedValue { $0.open[id] = nil }
    }

    /// Sets the plan from the next exchange on.
    public func setPlan(_ plan: @escaping Plan) {
        state.withLockedValue { $0.plan = plan }
    }

    /// Cuts all open connections, even in the middle of an exchange.
    public func cutConnections() {
        for channel in state.withLockedValue({ $0.open }).values { channel.close(promise: nil) }
    }

    /// Cuts all connections and stops listening.
    public func stop() {
        state.withLockedValue { $0.isStopped = true }
        listener.close(promise: nil)
        cutConnections()
    }

    private static func judge(_ head: HTTPRequestHead, _ state: NIOLockedValueBox<State>) -> Fault {
        let (plan, exchange) = state.withLockedValue { state in
            state.count += 1
            let exchange = Exchange(
                number: state.count, method: head.method.rawValue, uri: head.uri,
                range: head.headers.first(name: "range"),
                hasCondition: head.headers.contains(name: "if-match") || head.headers.contains(name: "if-none-match"))
            state.seen.append(exchange)
            return (state.plan, exchange)
        }
        return plan(exchange)
    }
}
