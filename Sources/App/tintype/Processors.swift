import NIOCore

/// The processors that this process may use.
enum Processors {
    static var count: Int { System.coreCount }
}
