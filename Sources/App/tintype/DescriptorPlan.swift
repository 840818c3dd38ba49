import Logging

/// How many connections may be open, given the number of file descriptors: idle connections must leave enough
/// descriptors for files, storage and readiness.
struct DescriptorPlan: Equatable {
    /// The process's limit; nil: unknown.
    let limit: Int?
    /// Connections of the public listener.
    let connections: Int
    /// Connections of the ops listener.
    let operationsConnections: Int

    /// Connections to the store, in each of two pools: for calls, and for bodies.
    let storageConnections: Int

    /// If descriptors are not scarce.
    static let usualConnections = 8192
    static let usualOperationsConnections = 256
    static let usualStorageConnections = 400

    /// Descriptors that are always open: standard streams, the epoll, event and timer descriptors of each event loop,
    /// the listening sockets, folders and locks of the store, name resolution, the check whether the store answers.
    private static let base = 48
    /// If there are too few for all of that, each still gets some.
    private static let least = 8

    /// - Parameter limit: the number of descriptors that the process may have.
    init(limit: Int?) {
        self.limit = limit
        guard let limit else {
            connections = Self.usualConnections
            operationsConnections = Self.usualOperationsConnections
            storageConnections = Self.usualStorageConnections
            return
        }
        operationsConnections = min(Self.usualOperationsConnections, max(Self.least, limit / 16))
        // Copies, in memory, of bodies that are sent often (`BodyFile`).
        let copies = min(64, limit / 16)
        let rest = limit - Self.base - copies - operationsConnections
        // Each may have a second one, for the file that it reads or writes; with S3 storage the two pools share these.
        connections = min(Self.usualConnections, max(Self.least, rest / 2))
        storageConnections = min(Self.usualStorageConnections, max(Self.least, rest / 4))
    }

    func log(to logger: Logger) {
        let metadata: Logger.Metadata = [
            "limit": "\(limit.map(String.init) ?? "none")", "connections": "\(connections)",
            "ops.connections": "\(operationsConnections)", "storage.connections": "\(storageConnections)",
        ]
        if connections < Self.usualConnections {
            logger.warning("the limit on open files allows fewer connections", metadata: metadata)
        } else {
            logger.info("connections accepted at once", metadata: metadata)
        }
    }
}
