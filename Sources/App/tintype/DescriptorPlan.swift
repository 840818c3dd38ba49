import Logging

/// How many connections may be open, by how many file descriptors the process may have: whoever opens connections and
/// does nothing must not leave the others without files, storage and readiness.
struct DescriptorPlan: Equatable {
    /// The limit of the process; nil: none is known.
    let limit: Int?
    /// Connections of the public listener.
    let connections: Int
    /// Connections of the ops listener.
    let operationsConnections: Int

    /// Connections to the store, in each of two pools: for calls, and for bodies that are read.
    let storageConnections: Int

    /// Where nothing is scarce.
    static let usualConnections = 8192
    static let usualOperationsConnections = 256
    static let usualStorageConnections = 400

    /// What is open whatever is asked: standard streams, the epoll, event and timer descriptors of each event loop, the
    /// listening sockets, folders and locks of the store, name resolution, whether the store answers.
    private static let base = 48
    /// Where there are too few for all of that, still some for each.
    private static let least = 8

    /// - Parameter limit: Descriptors that the process may have.
    init(limit: Int?) {
        self.limit = limit
        guard let limit else {
            connections = Self.usualConnections
            operationsConnections = Self.usualOperationsConnections
            storageConnections = Self.usualStorageConnections
            return
        }
        operationsConnections = min(Self.usualOperationsConnections, max(Self.least, limit / 16))
        // Of what is sent often, in memory (`BodyFile`).
        let copies = min(64, limit / 16)
        let rest = limit - Self.base - copies - operationsConnections
        // Each may have a second one, the file that it reads or writes; with S3 as the store the two pools share these.
        connections = min(Self.usualConnections, max(Self.least, rest / 2))
        storageConnections = min(Self.usualStorageConnections, max(Self.least, rest / 4))
    }

    func log(to logger: Logger) {
        let metadata: Logger.Metadata = [
            "limit": "\(limit.map(String.init) ?? "none")", "connections": "\(connections)",
            "ops.connections": "\(operationsConnections)", "storage.connections": "\(storageConnections)",
        ]
        if connections < Self.usualConnections {
            logger.warning("the limit on open files leaves room for fewer connections", metadata: metadata)
        } else {
            logger.info("connections that are taken at once", metadata: metadata)
        }
    }
}
